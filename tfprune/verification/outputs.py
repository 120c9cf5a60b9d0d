"""Run the file on the batches and compare its outputs with Keras'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tfprune.checks import Check
from tfprune.emulation import Target
from tfprune.errors import MissingExtra, ProcessDied, PruneError
from tfprune.notes import Note
from tfprune.runners import Runner, TensorSpec
from tfprune.verification.compare import agreement, agrees, measure
from tfprune.verification.pairing import pair
from tfprune.verification.reference import Arrays, Outputs
from tfprune.verification.tolerance import Tolerance

_TOLD_APART = 1e-4
"""Less than this is rounding (`TOLERANCES`), not another output."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is compared, however it is run.

    Args:
        path: The file.
        batches: Inputs by Keras name.
        places: The position in the file of each Keras input.
        expected: Keras' outputs, for each batch.
        tolerance: How far the file may be off.
        detail: What the inputs are.
    """

    path: str
    batches: Sequence[Arrays]
    places: dict[str, int]
    expected: Outputs
    tolerance: Tolerance
    detail: str

    def arrays(self, batch: Arrays) -> list[np.ndarray]:
        """Return a batch in the file's order of inputs."""
        names = sorted(self.places, key=lambda name: self.places[name])
        return [batch[name] for name in names]


def blind_spot(expected: Outputs) -> list[Note]:
    """Say so if Keras' outputs are the same for all samples, whatever the first layers make.

    A network may forget its inputs, above all an untrained one: then a file that computes its first
    layers wrongly would pass.

    Example:
        >>> [note] = blind_spot([{"logits": np.array([[3.0, 1.0], [3.0, 1.0]])}])
        >>> note.subject
        'outputs'
    """
    names = expected[0]
    arrays = [np.concatenate([np.atleast_1d(y[name]) for y in expected]) for name in names]
    if not arrays or len(arrays[0]) < 2:
        return []
    told = max(measure(array[:1].repeat(len(array), 0), array).max_rel for array in arrays)
    if told > _TOLD_APART:
        return []
    found = f"Keras' outputs differ by {told:.0e} of their largest value between these inputs"
    fix = "a mistake in the first layers would not be seen; use trained weights and real inputs"
    return [Note("outputs", f"{found}: {fix}")]


def check_outputs(
    question: Question, runtime: str, xnnpack: bool, target: Target
) -> tuple[list[Check], tuple[Note, ...]]:
    """Run the file in one way on one target; return a check for each output.

    A file that an interpreter refuses in this way is a failed check: another runtime may run it.

    Raises:
        ProcessDied: the interpreter's process ended, which says nothing about the outputs.
    """
    way = f"{'with' if xnnpack else 'without'} XNNPACK"
    if target.name != "host":
        way += f" on {target.name}"
    try:
        with Runner(
            question.path, runtime=runtime, xnnpack=xnnpack, launcher=target.launcher
        ) as runner:
            name = f"outputs, {runner.runtime.split()[0]} {way}"
            found = [runner.run(question.arrays(batch)) for batch in question.batches]
            specs = runner.outputs
    except (MissingExtra, ProcessDied):
        raise
    except PruneError as error:
        limit = question.tolerance.limit
        name = f"outputs, {runtime} {way}"
        return [_refused(name, limit, error.found)], ()
    shapes = {name: array.shape for name, array in question.expected[0].items()}
    places, notes = pair("outputs", shapes, as_run(specs, found[0]), question.path)
    checks = []
    for output, place in places.items():
        expected = np.concatenate([np.atleast_1d(batch[output]) for batch in question.expected])
        own = np.concatenate([np.atleast_1d(batch[place]) for batch in found])
        title = f"{name}, {output}" if len(places) > 1 else name
        checks.append(_check(title, expected, own, specs[place], question))
    return checks, notes


def as_run(specs: Sequence[TensorSpec], arrays: Sequence[np.ndarray]) -> list[TensorSpec]:
    """Return the specs with the shapes that really came out."""
    return [
        replace(spec, shape=array.shape, open_axes=())
        for spec, array in zip(specs, arrays, strict=True)
    ]


def _check(
    name: str, expected: np.ndarray, found: np.ndarray, spec: TensorSpec, question: Question
) -> Check:
    errors = measure(expected, found)
    tolerance = question.tolerance
    passed = agrees(errors, expected, tolerance, spec.scale if spec.quantized else 0.0)
    details = [question.detail, errors.detail]
    if expected.ndim == 2 and expected.shape[1] > 1 and np.isfinite(expected).all():
        margin = 2 * tolerance.limit * float(np.abs(expected).max())
        same, sure, wrong = agreement(expected, found, margin)
        details.append(f"top-1 agreement {same:.0%}, {sure} of {len(expected)} samples clear")
        if wrong:
            passed = False
            details.append(f"{wrong} clear samples have another class")
    return Check(
        name=name,
        passed=bool(passed),
        max_abs_error=errors.max_abs,
        max_rel_error=errors.max_rel,
        rms_rel_error=errors.rms_rel,
        tolerance=tolerance.limit,
        detail="; ".join(part for part in details if part),
    )


def _refused(name: str, limit: float, why: str) -> Check:
    return Check(
        name=name,
        passed=False,
        max_abs_error=np.inf,
        max_rel_error=np.inf,
        rms_rel_error=np.inf,
        tolerance=limit,
        detail=why,
    )
