"""Run a file on the inputs of its golden sample and compare what comes out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.checks import Check
from tfprune.emulation import Target, find_target
from tfprune.errors import MissingExtra, ProcessDied, PruneError, VerificationError
from tfprune.runners import Runner
from tfprune.verification.golden import (
    GoldenSample,
    GoldenTensor,
    raw_outputs,
    read_golden,
    same_file,
)
from tfprune.verification.result import VerifyResult


def check_golden(
    golden: str | os.PathLike[str],
    tflite: str | os.PathLike[str],
    *,
    runtime: str = "auto",
    target: str = "host",
    raise_on_failure: bool = True,
) -> VerifyResult:
    """Check that a file gives the outputs of its golden sample, with XNNPACK and without.

    Args:
        golden: The document that `tfprune.golden_sample` wrote.
        tflite: The file; it must be the very same.
        runtime, target, raise_on_failure: As in `tfprune.verify`.

    Returns:
        A `VerifyResult` with a check for each output and way of running; tolerances are in the
        numbers that the file gives, steps for integers.

    Raises:
        VerificationError: an output is further off than its tolerance.
        FileError: a file is missing or broken, or the sample is of another file.
        ProcessDied: the interpreter crashed or hung.
    """
    sample, place = read_golden(golden), find_target(target)
    same_file(sample, tflite)
    arrays = sample.arrays()
    checks: list[Check] = []
    for xnnpack in (True, False):
        checks += _checks(str(tflite), sample, arrays, runtime, xnnpack, place)
    result = VerifyResult(
        path=str(tflite),
        precision=sample.precision,
        checks=tuple(checks),
        kernels=(),
        notes=(),
        target=target,
        how=place.how,
    )
    wrong = [check for check in checks if not check.passed]
    if wrong and raise_on_failure:
        raise VerificationError(
            f"check {tflite} by {golden}",
            f"{wrong[0].name}: off by {wrong[0].max_abs_error:.4g}, "
            f"tolerance {wrong[0].tolerance:.4g} ({wrong[0].detail})",
            "do not use this file on this runtime: tfprune doctor says what may be wrong",
        )
    return result


def _checks(
    path: str, sample: GoldenSample, arrays: Any, runtime: str, xnnpack: bool, place: Target
) -> list[Check]:
    way = f"{'with' if xnnpack else 'without'} XNNPACK"
    way += f" on {place.name}" * (place.name != "host")
    try:
        with Runner(path, runtime=runtime, xnnpack=xnnpack, launcher=place.launcher) as runner:
            found = [raw_outputs(runner, inputs) for inputs, _ in arrays]
            name = f"golden, {runner.runtime.split()[0]} {way}"
    except (MissingExtra, ProcessDied):
        raise
    except PruneError as error:
        return [
            Check(
                name=f"golden, {runtime} {way}",
                passed=False,
                max_abs_error=np.inf,
                tolerance=0.0,
                detail=error.found,
            )
        ]
    several = len(sample.outputs) > 1
    return [
        compare_outputs(
            f"{name}, {tensor.name}" if several else name,
            tensor,
            [outputs[i] for _, outputs in arrays],
            [outputs[i] for outputs in found],
        )
        for i, tensor in enumerate(sample.outputs)
    ]


def compare_outputs(
    name: str, tensor: GoldenTensor, expected: Sequence[np.ndarray], found: Sequence[np.ndarray]
) -> Check:
    """Return the check of one output over all samples.

    Example:
        >>> tensor = GoldenTensor(name="y", dtype="int8", scale=0.1, tolerance=4.0)
        >>> off = [np.array([7], "int8")]
        >>> compare_outputs("y", tensor, [np.array([3], "int8")], off).passed
        True
        >>> compare_outputs("y", tensor, [np.array([2], "int8")], off).passed
        False
    """
    shapes = {(a.shape, b.shape) for a, b in zip(expected, found, strict=True)}
    if any(a != b for a, b in shapes):
        detail = f"other shapes: {shapes}"
        return Check(name=name, passed=False, max_abs_error=np.inf, tolerance=0.0, detail=detail)
    pairs = zip(expected, found, strict=True)
    errors = [np.abs(a.astype(np.float64) - b.astype(np.float64)) for a, b in pairs]
    worst = max(float(np.nan_to_num(e, nan=np.inf).max(initial=0.0)) for e in errors)
    largest = max(float(np.abs(a.astype(np.float64)).max(initial=0.0)) for a in expected)
    limit = tensor.tolerance or 0.0
    unit = "steps" if tensor.scale else tensor.dtype
    return Check(
        name=name,
        passed=worst <= limit,
        max_abs_error=worst,
        max_rel_error=worst / largest if largest and np.isfinite(worst) else None,
        tolerance=limit,
        detail=f"{len(expected)} golden samples, in {unit}",
    )
