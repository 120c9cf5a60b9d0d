"""Sides of a call: whose units decide what it reads and what it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np

from tfprune.channels import Group, Structure
from tfprune.keras_facts import kernels_of
from tfprune.keras_internals import layers_of
from tfprune.layer_names import Names
from tfprune.repairing.walking import Step, Way, way_through


@dataclass(frozen=True, eq=False)
class ChannelCount:
    """How many channels some ids make, as a sum over groups.

    Args:
        fixed: Those of units that stay.
        groups: Number of a group → channels that each of its units makes.
        ids: The ids.
    """

    fixed: int
    groups: dict[int, float]
    ids: np.ndarray

    @property
    def whole(self) -> int:
        """All of them."""
        return len(self.ids)


class ChannelCounts:
    """Says of each axis, in ids, how its length follows from the widths of some groups.

    Args:
        structure: The traced model.
        groups: The groups whose widths are chosen; their numbers are their places here.
    """

    def __init__(self, structure: Structure, groups: Sequence[Group]) -> None:
        self.structure, self.groups = structure, list(groups)
        self._numbers: dict[int, int] = {}
        for number, group in enumerate(groups):
            self._numbers |= dict.fromkeys(group.roots.tolist(), number)

    def of(self, ids: np.ndarray) -> ChannelCount:
        """Return what some ids count."""
        roots = self.structure.roots(ids).tolist()
        numbers = Counter(self._numbers.get(root, -1) for root in roots)
        fixed = numbers.pop(-1, 0)
        per_unit = {n: count / self.groups[n].size for n, count in sorted(numbers.items())}
        return ChannelCount(fixed, per_unit, ids)


@dataclass(frozen=True, eq=False, kw_only=True)
class OpCall:
    """A call of a layer with kernels, and whose widths decide what it costs.

    Args:
        name: The layer's path; `"path#2"` for its second call.
        step: The call.
        reads: What its inputs carry.
        writes: What it makes, of groups that it does not read.
        inside: Groups whose units lie inside the layer alone: their numbers.
    """

    name: str
    step: Step
    reads: ChannelCount
    writes: ChannelCount
    inside: tuple[int, ...]


class OpCalls:
    """The calls of a model's layers with kernels.

    Args:
        structure: The traced model.
        groups: The groups whose widths are chosen.
    """

    def __init__(self, structure: Structure, groups: Sequence[Group]) -> None:
        self.structure, self.counts = structure, ChannelCounts(structure, groups)
        self.way: Way = way_through(structure.model)

    @cached_property
    def calls(self) -> list[OpCall]:
        """All of them, in the model's order."""
        names, met = Names(self.structure.model), Counter[str]()
        found = []
        for step in self.way.steps:
            if not _has_kernels(step.operation):
                continue
            path = names.path_of(step.operation)
            met[path] += 1
            found.append(self._call(path if met[path] == 1 else f"{path}#{met[path]}", step))
        return found

    def _call(self, name: str, step: Step) -> OpCall:
        reads = self.counts.of(self._carried(step.node.input_tensors))
        made = self._carried(step.node.outputs)
        own = self.counts.of(made)
        if own.groups.keys() & reads.groups.keys():  # a depthwise convolution, an attention
            own = self.counts.of(made[:0])
        variables = {id(variable) for variable in step.operation.variables}
        lie = [b.ids for b in self.structure.bindings if id(b.variable) in variables]
        every = {number for ids in lie for number in self.counts.of(ids).groups}
        inside = every - reads.groups.keys() - own.groups.keys()
        return OpCall(name=name, step=step, reads=reads, writes=own, inside=tuple(sorted(inside)))

    def _carried(self, tensors: Sequence[Any]) -> np.ndarray:
        """Return the ids along the last axis of each tensor that carries some."""
        found = [np.zeros(0, np.int64)]
        for tensor in {id(t): t for t in tensors}.values():
            units = self.structure.flow(tensor).units
            if units:
                found.append(units[max(units)])
        return np.concatenate(found)


def _has_kernels(operation: Any) -> bool:
    return isinstance(operation, keras.layers.Layer) and any(
        "embeddings" not in kernel.name
        for layer in layers_of(operation)
        for kernel in kernels_of(layer)
    )
