"""Two networks, step by step: the original and the smaller one, on the same samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.channels import KeptUnits, Structure
from tfprune.graph import functional, interpret, is_graph, values_read
from tfprune.repairing.zeros import Zeros

Values = dict[int, Any]  # by the number of a tensor
Cuts = Mapping[int, Sequence[tuple[int, NDArray[Any]]]]


@dataclass(frozen=True, eq=False)
class Step:
    """One call of a layer or operation, nested models resolved.

    Args:
        node: The original's call.
        inputs: id of each symbolic tensor read → its number.
        outputs: The numbers of the tensors made.
    """

    node: Any
    inputs: Mapping[int, int]
    outputs: tuple[int, ...]

    @property
    def operation(self) -> Any:
        """The layer or operation called."""
        return self.node.operation


@dataclass(frozen=True)
class Way:
    """All steps of a model in their order, and the numbers of its inputs and outputs."""

    steps: Sequence[Step]
    inputs: Sequence[int]
    outputs: Sequence[int]

    def readers(self, number: int) -> list[Step]:
        """Return the steps that read a tensor."""
        return [step for step in self.steps if number in step.inputs.values()]

    def done_after(self, at: int) -> list[int]:
        """Return the tensors that nobody reads any more after a step."""
        return self._done[at]

    @cached_property
    def _done(self) -> list[list[int]]:
        """For each step the tensors whose last reader it is; its own outputs if nobody reads."""
        last = {n: at for at, step in enumerate(self.steps) for n in step.outputs}
        last |= {n: at for at, step in enumerate(self.steps) for n in step.inputs.values()}
        done: list[list[int]] = [[] for _ in self.steps]
        for number, at in last.items():
            if number not in self.outputs:
                done[at].append(number)
        return done


def way_through(model: Any) -> Way:
    """Return the steps of a Functional or Sequential model.

    Example:
        >>> inner = keras.Sequential([keras.Input((2,)), keras.layers.ReLU(name="act")])
        >>> model = keras.Sequential([keras.Input((2,)), inner, inner])
        >>> [(step.operation.name, step.outputs) for step in way_through(model).steps]
        [('act', (1,)), ('act', (2,))]
    """
    numbers = count()
    steps: list[Step] = []
    inputs = [next(numbers) for _ in functional(model).inputs]
    return Way(steps, inputs, _walk(functional(model), inputs, steps, numbers))


def _walk(net: Any, inputs: list[int], steps: list[Step], numbers: Iterator[int]) -> list[int]:
    def call(node: Any, args: Any, kwargs: Any) -> list[int]:
        read = values_read(node, args, kwargs)
        if is_graph(node.operation):
            return _walk(functional(node.operation), read, steps, numbers)
        made = [next(numbers) for _ in node.outputs]
        known = zip(map(id, node.input_tensors), read, strict=True)
        steps.append(Step(node, dict(known), tuple(made)))
        return made

    return interpret(net, inputs, call)


class Pair:
    """The original's operations and what stands in their place in a network of the same shapes.

    Args:
        model: The original.
        made: id of an operation of the original → the other network's.
        zeros: id of an original's variable → the zeros that its copy is to get.
    """

    cuts: Cuts = MappingProxyType({})
    """id of an original's variable → (axis, positions that stay) where some go."""
    reads: AbstractSet[int] = frozenset()
    """ids of the original's variables that are known to sum over units that may go."""

    def __init__(
        self, model: Any, made: Mapping[int, Any], zeros: Mapping[int, Zeros] = MappingProxyType({})
    ) -> None:
        self.model, self.zeros = model, zeros
        self._made = made

    def small(self, operation: Any) -> Any:
        """Return the operation of the smaller network."""
        return self._made.get(id(operation), operation)  # one that computes a mask is not replayed

    def runs(self, step: Step) -> bool:
        """Whether the other network makes a call at all."""
        return True

    def loses(self, step: Step) -> bool:
        """Whether a call makes something else even of the original's inputs."""
        return any(id(v) in self.zeros for v in getattr(step.operation, "variables", ()))

    def last_axis_kept(self, tensor: Any) -> NDArray[Any] | None:
        """Return which positions of a tensor's last axis stay; None if others go, or if unknown."""
        last = tensor.shape[-1]
        return None if last is None else np.arange(last)

    def arguments(self, step: Step, values: Values) -> tuple[Any, Any]:
        """Return what a step is called with."""
        args, kwargs = step.node.arguments.fill_in({i: values[n] for i, n in step.inputs.items()})
        if "training" in kwargs:
            kwargs = {**kwargs, "training": False}
        return args, kwargs

    def call_original(self, step: Step, values: Values) -> list[Any]:
        """Return what the original's step makes."""
        args, kwargs = self.arguments(step, values)
        return list(keras.tree.flatten(step.operation(*args, **kwargs)))

    def call_small(self, step: Step, values: Values) -> list[Any]:
        """Return what the smaller network's step makes."""
        args, kwargs = self.arguments(step, values)
        return list(keras.tree.flatten(self.small(step.operation)(*args, **kwargs)))


class Sliced(Pair):
    """A network that has lost units.

    Args:
        structure: The traced original.
        kept: Which units stay.
        made: id of an operation of the original → the smaller network's.
    """

    def __init__(self, structure: Structure, kept: KeptUnits, made: Mapping[int, Any]) -> None:
        super().__init__(structure.model, made)
        self.cuts = structure.positions(kept)
        self.reads = {id(b.variable) for b in structure.bindings if b.role == "reads"}
        self._structure, self._kept = structure, kept

    def loses(self, step: Step) -> bool:
        """Whether a call loses units."""
        if any(id(v) in self.cuts for v in getattr(step.operation, "variables", ())):
            return True
        shape = self._structure.shape
        return any(tuple(t.shape) != shape(t, self._kept) for t in step.node.outputs)

    def last_axis_kept(self, tensor: Any) -> NDArray[Any] | None:
        """Return which positions of a tensor's last axis stay; None if others go, or if unknown."""
        before, after = tuple(tensor.shape), self._structure.shape(tensor, self._kept)
        units = self._structure.flow(tensor).units.get(len(before) - 1)
        if before[:-1] != after[:-1] or units is None:
            return super().last_axis_kept(tensor) if before == after else None
        return self._kept.positions(units)

    def call_small(self, step: Step, values: Values) -> list[Any]:
        """Return what the smaller network's step makes."""
        make = self._structure.rewrite(step.node)
        if make is None:
            return super().call_small(step, values)
        args, kwargs = self.arguments(step, values)
        return list(keras.tree.flatten(make(self._kept, self.small(step.operation), args, kwargs)))
