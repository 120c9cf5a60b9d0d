"""Do the models compute on the phone what they compute here?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.android.arrays import read_output
from tfprune.checks import Check
from tfprune.errors import PruneError
from tfprune.runners import Inputs, Runner, TensorSpec, dequantize, inputs_for
from tfprune.runners.tensors import fit_inputs
from tfprune.tflite.reading import read_tflite


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What one model takes and gives here.

    Args:
        inputs: Raw arrays by name, as the file takes them.
        outputs: Raw arrays by name.
        specs: The outputs' dtypes and scales, by name.
        path: The file.
        limits: Of a golden sample: how far each output may be off, in the numbers that are stored.
    """

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    specs: dict[str, TensorSpec]
    path: str
    limits: dict[str, float] | None = None


def golden_references(path: str, golden: str | os.PathLike[str]) -> list[Reference]:
    """Return what a model must give for each input of its golden sample.

    Raises:
        FileError: a file is missing or broken, or the sample is of another file.
    """
    # Imported late: the room imports Keras.
    from tfprune.verification.golden import read_golden, same_file

    sample = read_golden(golden)
    same_file(sample, path)
    with Runner(path) as runner:
        specs = {_name(spec): spec for spec in runner.outputs}
    names = [[tensor.name for tensor in side] for side in (sample.inputs, sample.outputs)]
    limits = {tensor.name: tensor.tolerance or 0.0 for tensor in sample.outputs}
    return [
        Reference(
            inputs=dict(zip(names[0], inputs, strict=True)),
            outputs=dict(zip(names[1], outputs, strict=True)),
            specs=specs,
            path=path,
            limits=limits,
        )
        for inputs, outputs in sample.arrays()
    ]


def run_here(path: str, inputs: Inputs, xnnpack: bool) -> Reference:
    """Run a model here, on the given inputs or on random ones of seed 0.

    Raises:
        FileError: the file is missing, foreign or truncated.
    """
    with Runner(path, xnnpack=xnnpack) as runner:
        given, _ = inputs_for(runner, inputs)
        raw = fit_inputs(given, runner.inputs)
        outputs = runner.run(raw)
    return Reference(
        inputs=dict(zip(map(_name, runner.inputs), raw, strict=True)),
        outputs=dict(zip(map(_name, runner.outputs), outputs, strict=True)),
        specs={_name(spec): spec for spec in runner.outputs},
        path=path,
    )


def check(reference: Reference, rows: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """Compare the `outputs` of a runner's document with those of this machine.

    It is the same file, so that integers may differ less than `tfprune verify` allows between Keras
    and a file: `SAME_FILE` in `tfprune.verification.tolerance`.

    Raises:
        PruneError: an output is missing, or has another shape.
    """
    found = {row["name"]: read_output(row) for row in rows}
    return tuple(_check(name, reference, found.get(name)) for name in reference.outputs)


def _check(name: str, reference: Reference, found: np.ndarray | None) -> Check:
    # Imported late: the room imports Keras.
    from tfprune.verification.compare import agrees, measure
    from tfprune.verification.golden import GoldenTensor
    from tfprune.verification.golden_check import compare_outputs
    from tfprune.verification.tolerance import SAME_FILE, precision_of

    expected, spec = reference.outputs[name], reference.specs[name]
    if found is None or found.size != expected.size:
        shape = "nothing" if found is None else f"shape {found.shape}"
        asked = f"the output {name!r} of {reference.path} from the phone"
        raise PruneError(asked, f"{shape} instead of {expected.shape}", "try another --runtime")
    if reference.limits is not None:
        tensor = GoldenTensor(
            name=name, dtype=spec.dtype, scale=spec.scale, tolerance=reference.limits[name]
        )
        return compare_outputs(name, tensor, [expected], [found.reshape(expected.shape)])
    expected, found = _real(expected, spec), _real(found.reshape(expected.shape), spec)
    errors = measure(expected, found)
    tolerance = SAME_FILE[precision_of(read_tflite(reference.path))]
    return Check(
        name=name,
        passed=bool(agrees(errors, expected, tolerance, spec.scale if spec.quantized else 0.0)),
        max_abs_error=errors.max_abs,
        max_rel_error=errors.max_rel,
        rms_rel_error=errors.rms_rel,
        tolerance=tolerance.limit,
        detail=errors.detail,
    )


def _real(array: np.ndarray, spec: TensorSpec) -> np.ndarray:
    """Return real values; the interpreter here may have returned them already."""
    integers = np.issubdtype(array.dtype, np.integer)
    return dequantize(array, spec) if spec.quantized and integers else array


def _name(spec: TensorSpec) -> str:
    return spec.signature or spec.name
