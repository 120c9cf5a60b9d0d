"""Compare a .tflite file with the Keras model it came from."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfprune.checks import Check
from tfprune.emulation import Target, find_target
from tfprune.errors import FileError, ProcessDied, PruneError, VerificationError
from tfprune.keras_facts import is_tf_keras
from tfprune.linking.kernels import link_kernels
from tfprune.notes import Note
from tfprune.precision import in_float32
from tfprune.progress import track
from tfprune.runners import Runner, TensorSpec
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.reading import read_tflite
from tfprune.verification.data import Draw, check_sizes, drawn, given_batches
from tfprune.verification.locate import first_different_layer
from tfprune.verification.outputs import Question, blind_spot, check_outputs
from tfprune.verification.pairing import pair
from tfprune.verification.reference import call, input_specs, load
from tfprune.verification.result import KernelCheck, VerifyResult
from tfprune.verification.tolerance import TOLERANCES, precision_of
from tfprune.verification.zeros import check_zeros


def verify(
    model: Any,
    path: str | os.PathLike[str],
    inputs: Any = None,
    *,
    samples: int = 8,
    tolerance: float | None = None,
    runtime: str = "auto",
    target: str = "host",
    raise_on_failure: bool = True,
) -> VerifyResult:
    """Check that a .tflite file kept the zeros and computes what the Keras model computes.

    Every kernel that can be found in the file must be zero there wherever it is zero in Keras,
    and every output must agree on the same inputs, with XNNPACK and without. Tolerances go by
    the file's precision and stand with their reasons in `tfprune.verification.tolerance`.

    Args:
        model: The Keras model (wrapped for pruning or stripped), its `.keras` path, or a tf_keras
            model.
        path: The file.
        inputs: Real inputs in any form that `fit` takes, or a path: docs/data.md; targets are
            ignored. By default random ones; for an integer file inside the ranges that it was
            calibrated for. Only real ones show what it clips.
        samples: At most how many samples are compared.
        tolerance: Overrides the tolerance, as a share of Keras' output.
        runtime: `"auto"`, `"ai-edge-litert"` or `"tflite-runtime"`.
        target: Where the file runs: `"host"`; `"arm64"`, the aarch64 LiteRT under emulation, or
            natively on an ARM64 host; or `"x86-noavx"`, this Python emulated without AVX. A sparse
            file can be wrong on these two and right on an x86 host. They need
            `tfprune setup-arm64`.
        raise_on_failure: False returns a result whose `passed` is False instead of raising.

    Returns:
        A `VerifyResult`: the checks, the kernels with their zeros, and what was not checked.

    Raises:
        VerificationError: a check failed; it names the layer, kernel or output.
        FileError: a file is missing, foreign or truncated.
        MissingExtra: the target must be set up first: `tfprune setup-arm64`.
        ProcessDied: the interpreter crashed or hung, so nothing could be compared.
        PruneError: the inputs do not fit, or the runtime is missing.

    Example:
        >>> import keras, tempfile, tfprune
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> _ = tfprune.convert(model, path)
        >>> tfprune.verify(model, path).passed
        True
    """
    _check_arguments(samples, tolerance)
    place = find_target(target)
    _check_runtime(runtime, place)
    model, path = load(model), str(path)
    tflite = read_tflite(path)
    links, missing = link_kernels(model, tflite)
    computing, changed = (model, ()) if is_tf_keras(model) else in_float32(model)
    question, notes = _ask(computing, path, tflite, inputs, samples, runtime)
    if tolerance is not None:
        question = replace(question, tolerance=replace(question.tolerance, limit=tolerance))
    notes = (*notes, *blind_spot(question.expected))
    checks: list[Check] = []
    for xnnpack in track((True, False), "verifying"):
        more, paired = check_outputs(question, runtime, xnnpack, place)
        checks += more
        notes = tuple(dict.fromkeys((*notes, *paired)))
    kernels, uncounted = check_zeros(model, links, tflite)
    notes = (*changed, *_without(missing, kernels), *uncounted, *notes)
    precision = precision_of(tflite)
    result = VerifyResult(
        path=path,
        precision=precision,
        checks=tuple(checks),
        kernels=kernels,
        notes=notes,
        target=target,
        how=place.how,
    )
    if not result.passed:
        culprit, unknown = _culprit(result, computing, question, tflite, runtime)
        result = replace(result, culprit=culprit, notes=(*notes, *unknown), advice=_advice(result))
        if raise_on_failure:
            raise _failure(result)
    return result


def _without(missing: Sequence[Note], kernels: Sequence[KernelCheck]) -> list[Note]:
    """Drop the notes on kernels that were found in the end."""
    found = {kernel.kernel for kernel in kernels}
    return [note for note in missing if note.subject not in found]


def _check_arguments(samples: int, tolerance: float | None) -> None:
    if samples < 1:
        raise PruneError(f"samples={samples}", "at least one sample is needed", "samples=8")
    if tolerance is not None and not 0 <= tolerance < float("inf"):
        raise PruneError(f"tolerance={tolerance}", "it is a share of the output", "tolerance=1e-3")


def _check_runtime(runtime: str, place: Target) -> None:
    if place.name == "arm64" and place.emulated and runtime == "tflite-runtime":
        found = "only ai-edge-litert is set up for emulated ARM64"
        raise PruneError(f"runtime={runtime!r}", found, 'runtime="auto"')


def _ask(
    model: Any, path: str, tflite: TFLiteModel, inputs: Any, samples: int, runtime: str
) -> tuple[Question, tuple[Note, ...]]:
    """Settle what is compared: inputs on both sides, and what Keras makes of them."""
    places = _inputs_of(path, runtime)
    check_sizes(places, path)
    specs = input_specs(model, places)
    order, notes = pair("inputs", {s.name: s.shape for s in specs}, places, path)
    if inputs is not None:
        batches, said = given_batches(inputs, specs, model, samples)
        notes = (*notes, *said)
        detail = f"{sum(len(next(iter(b.values()))) for b in batches)} given samples"
        expected = [call(model, batch) for batch in batches]
    else:
        draw = Draw(
            path=path, tflite=tflite, places=places, order=order, samples=samples, runtime=runtime
        )
        batches, detail, expected, more = drawn(model, specs, draw)
        notes = (*notes, *more)
    tolerance = TOLERANCES[precision_of(tflite)]
    return Question(
        path=path,
        batches=batches,
        places=order,
        expected=expected,
        tolerance=tolerance,
        detail=detail,
    ), notes


def _inputs_of(path: str, runtime: str) -> list[TensorSpec]:
    """Ask the interpreter for the inputs and their names in the signature."""
    try:
        with Runner(path, runtime=runtime, xnnpack=False) as runner:
            return runner.inputs
    except (FileError, ProcessDied):
        with Runner(path, runtime=runtime) as runner:
            return runner.inputs


def _culprit(
    result: VerifyResult, model: Any, question: Question, tflite: TFLiteModel, runtime: str
) -> tuple[str | None, list[Note]]:
    lost = [kernel.kernel for kernel in result.kernels if not kernel.passed]
    if lost:
        return lost[0], []
    try:
        return first_different_layer(model, question, tflite, runtime), []
    except Exception as error:
        # Anything may fail in a model of the user's; the failed check must be told all the same.
        found = str(error).splitlines()[:1] or [type(error).__name__]
        return None, [Note("the first layer that differs", f"could not be looked for: {found[0]}")]


def _failure(result: VerifyResult) -> VerificationError:
    asked = f"verify {result.path} ({result.precision})"
    for kernel in result.kernels:
        if not kernel.passed:
            lost = kernel.lost or kernel.zeros_before - kernel.zeros_after
            found = (
                f"the kernel {kernel.kernel!r} lost {lost} of its {kernel.zeros_before} zeros "
                f"in the tensor {kernel.tensor!r}"
            )
            return VerificationError(asked, found, result.advice)
    failed = [check for check in result.checks if not check.passed]
    where = (
        f"the first layer whose output differs is {result.culprit!r}"
        if result.culprit
        else "no single layer could be found that differs"
    )
    found = f"{where}; " + "; ".join(_words(check) for check in failed)
    return VerificationError(asked, found, result.advice)


def _words(check: Check) -> str:
    if check.max_abs_error is None or not math.isfinite(check.max_abs_error):
        return f"{check.name}: {check.detail}"
    return (
        f"{check.name}: largest error {check.max_abs_error:.3g}, {check.max_rel_error:.3g} of the "
        f"output's largest value, {check.rms_rel_error:.3g} by root mean square, "
        f"tolerance {check.tolerance:.3g} ({check.detail})"
    )


def _advice(result: VerifyResult) -> str:
    """Say what to do about a failure, in words that fit Python and a terminal."""
    if not all(kernel.passed for kernel in result.kernels):
        return "convert the model as it is now again"
    failed = [check for check in result.checks if not check.passed]
    if len(failed) < len(result.checks) and all("with XNNPACK" in c.name for c in failed):
        return "only XNNPACK computes it wrongly: convert with sparse=False"
    if any("random samples" in check.detail for check in failed) and result.precision != "float32":
        return (
            "convert this model again; random data may be unlike those it was calibrated on: "
            "give real inputs"
        )
    return "convert this model again, or give a wider tolerance if this error is acceptable"
