"""Operations of `keras.ops` that multiply tensors and sum over axes, as hand-written attention."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.records import KeptUnits
from tfprune.channels.rules.convolution import channel_axis
from tfprune.channels.rules.picking import cut
from tfprune.channels.units import Ids
from tfprune.keras_facts import Einsum

Labels = Sequence[Hashable]


def einsum(call: Call) -> list[Flow]:
    """Axes of the same letter meet; a letter that the result lacks is summed over."""
    if "." in call.layer.subscripts or "->" not in call.layer.subscripts:
        return call.unknown("its subscripts do not name every axis")
    operands = call.arguments[0]
    equation = Einsum.parse(call.layer.subscripts, [len(_shape(value)) for value in operands])
    return _product(call, operands, equation.operands, equation.output)


def matmul(call: Call) -> list[Flow]:
    """The columns of the first meet the rows of the second; axes before them meet as they stand."""
    operands = [call.argument(name) for name in ("x1", "x2")]
    ranks = [len(_shape(value)) for value in operands]
    if min(ranks) < 2:
        return call.unknown("one of its operands is a vector")
    batch = [[*range(-rank, -2)] for rank in ranks]
    rows = [*batch[0], "row", "inner"], [*batch[1], "inner", "column"]
    return _product(call, operands, rows, [*range(-max(ranks), -2), "row", "column"])


def _product(
    call: Call, operands: Sequence[Any], inputs: Sequence[Labels], output: Labels
) -> list[Flow]:
    """Follow a product of tensors whose axes bear labels.

    A unit that is summed over must go from all operands that bear its label; a length of 1 meets
    any other, and has no units.
    """
    if any(isinstance(value, keras.Variable) for value in operands):
        return call.unknown("one of its operands is a variable")
    flows = [v if isinstance(v, Flow) else Flow(np.shape(v)) for v in operands]
    found: dict[Hashable, Ids | None] = {}
    for value, flow, labels in zip(operands, flows, inputs, strict=True):
        for axis, label in enumerate(labels if isinstance(value, Flow) else ()):
            if flow.shape[axis] == 1:
                call.keep(flow[axis], f"broadcast by {call.name}")
            elif label in found:
                call.same(found[label], flow[axis])
            else:
                found[label] = flow[axis]
    _cut_constants(call, operands, inputs, found)
    return [call.flow({axis: found.get(label) for axis, label in enumerate(output)})]


def _cut_constants(
    call: Call, operands: Sequence[Any], inputs: Sequence[Labels], found: dict[Hashable, Ids | None]
) -> None:
    """Let a constant lose what the tensors that it is multiplied with lose."""
    cuts = [
        []
        if isinstance(value, Flow)
        else [
            (axis, ids)
            for axis, label in enumerate(labels)
            if (ids := found.get(label)) is not None and np.shape(value)[axis] == len(ids)
        ]
        for value, labels in zip(operands, inputs, strict=True)
    ]

    def make(kept: KeptUnits, operation: Any, args: Any, kwargs: Any) -> Any:
        given = [*args, *(kwargs[name] for name in ("x1", "x2")[len(args) :] if name in kwargs)]
        return operation(*(cut(kept, x, own) for x, own in zip(given, cuts, strict=True)))

    if any(cuts):
        call.rewrite(make)


def dot_product_attention(call: Call) -> list[Flow]:
    """Heads go together; the width of queries and keys sets the scale, so widths stay."""
    query, key, value = (call.argument(name) for name in ("query", "key", "value"))
    others = [call.argument(name) for name in ("bias", "mask")]
    if any(isinstance(other, Flow) and other.units for other in others):
        return call.unknown("its mask or bias has units")
    if any(_shape(other)[-3:-2] not in [(), (1,)] for other in others):
        call.keep(query[2], f"each has a mask or bias of its own in {call.name}")
    for flow in (query, key, value):
        call.keep(flow[1], f"compared with one another in {call.name}")
        call.keep(flow[3], f"their number sets the scale in {call.name}")
    call.same(query[2], key[2])  # Keras cannot share one head, so shared ones stay
    call.same(query[2], value[2])
    return call.flows({2: query[2]})


def glu(call: Call) -> Flow:
    """One half opens or shuts the other."""
    axis = call.input.axis(call.layer.axis)
    units = call.input[axis]
    if units is None:
        return call.flow(call.input.units)
    left, right = np.split(units, 2)
    call.same(left, right)
    return call.flow({**call.input.units, axis: left})


def depth_to_space(call: Call) -> Flow:
    """Every channel of the result is made of one of each block."""
    axis, units = _channels(call)
    if units is None:
        return call.flow()
    first, *rest = units.reshape(call.layer.block_size**2, -1)
    for each in rest:
        call.same(first, each)
    return call.flow({axis: first})


def space_to_depth(call: Call) -> Flow:
    """Every channel comes once for each place in a block."""
    axis, units = _channels(call)
    return call.flow({axis: None if units is None else np.tile(units, call.layer.block_size**2)})


def _shape(value: Any) -> tuple[int | None, ...]:
    return value.shape if isinstance(value, Flow) else np.shape(value)


def _channels(call: Call) -> tuple[int, Ids | None]:
    axis = channel_axis(call)
    call.keep_others(axis)
    return axis, call.input[axis]


RULES: dict[str, Callable[[Call], Any]] = {
    "DepthToSpace": depth_to_space,
    "DotProductAttention": dot_product_attention,
    "Einsum": einsum,
    "Glu": glu,
    "Matmul": matmul,
    "SpaceToDepth": space_to_depth,
}
