"""Cells: the loss of a model with one group alone pruned, each a function record → record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.channels import KeptUnits, Structure
from tfprune.criteria.losses import unchanged
from tfprune.data import Batch
from tfprune.evaluation.known import metrics_of
from tfprune.graph import functional, packed
from tfprune.keras_internals import flat_inputs
from tfprune.notes import Note
from tfprune.repairing import Samples, Sliced
from tfprune.repairing.refitting import Refitting, Side
from tfprune.repairing.samples import disagreement
from tfprune.repairing.walking import Step, Values, Way, way_through
from tfprune.search.segments import Segments, free
from tfprune.surgery.pieces import smaller_layers


class Cells:
    """Measures cells of one model, in any order; each is independent of all others.

    The model itself is walked once, step by step, and what it makes is kept where it is still
    read: a cell begins where its group is produced, so cells asked for in the model's order cost
    the rest of the model alone.

    Args:
        structure: The traced model, which is not changed.
        model: The user's model, which says metrics and loss.
        judged: Labelled batches to judge on.
        samples: What kernels are refitted on.
        order: Group → its units in the order in which they go.
        wish: `metrics` and `loss`, as `evaluate` takes them.
    """

    def __init__(
        self,
        structure: Structure,
        model: Any,
        judged: Sequence[Batch],
        samples: Samples,
        order: Mapping[str, Sequence[int]],
        wish: Mapping[str, Any],
    ) -> None:
        self._structure, self._model, self._wish = structure, model, dict(wish)
        self._batches, self._samples, self._order = judged, samples, order
        self._way, self._keys = way_through(structure.model), structure.keys
        self._segments = Segments(structure.model, self._way)
        self._walk: _DenseWalk | None = None

    def dense(self) -> dict[str, float]:
        """Return metrics, loss and disagreement (0) of the model as it is."""
        return {**self._judge(self._truth), "disagreement": 0.0}

    @cached_property
    def _truth(self) -> list[list[NDArray[Any]]]:
        """The model's own outputs."""
        walk = self._walk_to(len(self._way.steps))
        return [_outputs(self._way, values) for values in walk.judged]

    def measure(self, cell: Mapping[str, Any]) -> dict[str, Any]:
        """Return what one cell measures.

        Args:
            cell: `group`, `width` (the units that stay) and `repaired`.

        Returns:
            `metrics` by name, "loss" and "disagreement" among them, `seconds`, and `notes` on what
            was not repaired.
        """
        began, truth = time.monotonic(), self._truth
        kept = self._kept(cell["group"], cell["width"])
        reads = _readers(self._structure, self._way, kept)
        copied = _norms_behind(self._way, reads) if cell["repaired"] else set()
        with unchanged(self._structure.model):
            made = smaller_layers(self._structure, kept, self._way, copied)
            pair = Sliced(self._structure, kept, made)
            first = next(at for at, step in enumerate(self._way.steps) if pair.loses(step))
            walk = self._walk_to(first)
            notes: list[Note] = []
            if cell["repaired"]:
                old = [*map(dict, walk.fitted)]
                side = Side(old, [*map(dict, old)], set())
                notes = Refitting(pair, self._samples, self._way, side).readers(first, reads)
            outputs = [self._rest(pair, made, first, dict(values)) for values in walk.judged]
        apart = disagreement(_joined(truth), _joined(outputs))
        return {
            "metrics": {**self._judge(outputs), "disagreement": apart},
            "seconds": round(time.monotonic() - began, 3),
            "notes": [[note.subject, note.reason] for note in notes],
        }

    def _rest(
        self, pair: Sliced, made: Mapping[int, Any], first: int, values: Values
    ) -> list[NDArray[Any]]:
        """Make the calls from a step on, those that differ in the smaller network; its outputs."""
        steps = self._way.steps
        others = [at for at, s in enumerate(steps) if id(s.operation) in made or pair.loses(s)]
        for at in range(first, others[-1] + 1):
            values.update(zip(steps[at].outputs, pair.call_small(steps[at], values), strict=True))
            free(values, self._way.done_after(at))
        self._segments.make(values, others[-1] + 1, len(steps))
        return _outputs(self._way, values)

    def _judge(self, outputs: Sequence[Sequence[Any]]) -> dict[str, float]:
        found = metrics_of(self._model, self._batches, outputs, **self._wish)
        return {name: float(value) for name, value in found.items() if isinstance(value, float)}

    def _kept(self, name: str, width: int) -> KeptUnits:
        keep = [np.ones(group.size, bool) for group in self._structure.groups]
        for key, group, own in zip(self._keys, self._structure.groups, keep, strict=True):
            if key == name:
                own[list(self._order[name][: group.size - width])] = False
        return self._structure.kept(keep)

    def _walk_to(self, at: int) -> _DenseWalk:
        if self._walk is None or self._walk.at > at:
            inputs = [batch.inputs for batch in self._batches]
            self._walk = _DenseWalk(
                self._structure.model, self._way, self._segments, self._samples, inputs
            )
        self._walk.go_to(at)
        return self._walk


class _DenseWalk:
    """The tensors of the model that are alive before a step."""

    def __init__(
        self,
        model: Any,
        way: Way,
        segments: Segments,
        samples: Samples,
        inputs: Sequence[Mapping[str, NDArray[Any]]],
    ) -> None:
        self.at, self._segments = 0, segments
        tensors = [_tensors(model, own) for own in inputs]
        self.judged = [dict(zip(way.inputs, own, strict=True)) for own in tensors]
        self.fitted = [dict(zip(way.inputs, own, strict=True)) for own in samples.tensors()]

    def go_to(self, at: int) -> None:
        """Make the calls before a step."""
        for values in (*self.judged, *self.fitted):
            self._segments.make(values, self.at, at)
        self.at = at


def _tensors(model: Any, inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
    tensors = {name: tf.convert_to_tensor(array) for name, array in inputs.items()}
    return list(flat_inputs(functional(model), packed(model, tensors)))


def _outputs(way: Way, values: Values) -> list[NDArray[Any]]:
    return [np.asarray(keras.ops.convert_to_numpy(values[number])) for number in way.outputs]


def _joined(batches: Sequence[Sequence[NDArray[Any]]]) -> list[NDArray[np.float64]]:
    """Return each output over all batches."""
    return [np.concatenate(parts).astype(np.float64) for parts in zip(*batches, strict=True)]


def _readers(structure: Structure, way: Way, kept: KeptUnits) -> set[int]:
    """Return the ids of the layers whose kernels sum over units that go."""
    read = {
        id(binding.variable)
        for binding in structure.bindings
        if binding.role == "reads" and kept.count(binding.ids) < len(binding.ids)
    }
    operations = [step.operation for step in way.steps]
    return {id(o) for o in operations if any(id(v) in read for v in getattr(o, "variables", ()))}


def _norms_behind(way: Way, reads: set[int]) -> set[int]:
    """Return the ids of BatchNormalizations behind them, which take up a change of the mean."""

    def is_norm(step: Step) -> bool:
        return isinstance(step.operation, keras.layers.BatchNormalization)

    made = [number for s in way.steps if id(s.operation) in reads for number in s.outputs]
    return {id(s.operation) for number in made for s in way.readers(number) if is_norm(s)}
