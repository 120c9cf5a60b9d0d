"""Do the models compute on the phone what they compute here?"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Reference:
    """What one model takes and gives here.

    Args:
        inputs: Raw arrays by name, as the file takes them.
        outputs: Raw arrays by name.
        specs: The outputs' dtypes and scales, by name.
        path: The file.
    """

    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    specs: dict[str, TensorSpec]
    path: str


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
        dict(zip(map(_name, runner.inputs), raw, strict=True)),
        dict(zip(map(_name, runner.outputs), outputs, strict=True)),
        {_name(spec): spec for spec in runner.outputs},
        path,
    )


def check(reference: Reference, rows: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    """Compare the `outputs` of a runner's document with those of this machine.

    The tolerance is that of `tfprune verify` for the file's precision: other kernels run there.

    Raises:
        PruneError: an output is missing, or has another shape.
    """
    found = {row["name"]: read_output(row) for row in rows}
    return tuple(_check(name, reference, found.get(name)) for name in reference.outputs)


def _check(name: str, reference: Reference, found: np.ndarray | None) -> Check:
    # Imported late: the room imports Keras.
    from tfprune.verification.compare import agrees, measure
    from tfprune.verification.tolerance import TOLERANCES, precision_of

    expected, spec = reference.outputs[name], reference.specs[name]
    if found is None or found.size != expected.size:
        shape = "nothing" if found is None else f"shape {found.shape}"
        asked = f"the output {name!r} of {reference.path} from the phone"
        raise PruneError(asked, f"{shape} instead of {expected.shape}", "try another --runtime")
    expected, found = _real(expected, spec), _real(found.reshape(expected.shape), spec)
    errors = measure(expected, found)
    tolerance = TOLERANCES[precision_of(read_tflite(reference.path))]
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
