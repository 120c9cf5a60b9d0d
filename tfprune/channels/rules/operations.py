"""Operations of `keras.ops` that stand in the graph, found by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.records import KeptUnits
from tfprune.channels.rules import picking, pooling, products
from tfprune.channels.rules.elementwise import join
from tfprune.channels.rules.merging import concatenated
from tfprune.keras_facts import ELEMENTWISE_OPS, JOINING_OPS, is_array, op_name

_MOVE = "ExpandDims Flip Moveaxis Squeeze Swapaxes Tile Transpose Unstack"
_ORDER = "Argsort Cumprod Cumsum Roll Sort"
_POOL = "AdaptiveAveragePool AdaptiveMaxPool AveragePool MaxPool Resize"
_REDUCE = "All Amax Amin Any Argmax Argmin Logsumexp Max Mean Median Min Prod Std Sum Var"


def find(operation: Any) -> Callable[[Call], Any] | None:
    """Return the rule of an operation of `keras.ops`, None if there is none."""
    return _RULES.get(op_name(operation) or "")


def passes(call: Call) -> list[Flow]:
    """An operation on every value alone."""
    return call.flows(call.input.units)


def joins(call: Call) -> Flow:
    """Tensors and constants meet element by element; a constant loses what its tensor loses."""
    args, kwargs = call.arguments
    operands = [_as_flow(value) for value in args]
    if kwargs and any(_as_flow(v) is not None for v in kwargs.values()):
        return call.unknown("its tensors are given by name")[0]
    flow = join(call, [_lengthen(o, call.inputs) for o in operands if o is not None])
    if any(
        not isinstance(value, Flow) and o is not None
        for value, o in zip(args, operands, strict=True)
    ):
        call.rewrite(lambda kept, op, args, kwargs: op(*_cut(kept, flow, args), **kwargs))
    return flow


def _as_flow(value: Any) -> Flow | None:
    """Return a constant array as a flow of fixed shape, None for a scalar."""
    if isinstance(value, Flow):
        return value
    shape = tuple(value.shape) if is_array(value) else np.shape(value)
    return Flow(shape, {}) if shape else None


def _lengthen(operand: Flow, tensors: list[Flow]) -> Flow:
    """Give a constant the units of the tensors that it meets, since it can be cut like them."""
    if operand.units or operand in tensors:
        return operand
    units = {
        axis - tensor.rank + operand.rank: ids
        for tensor in tensors
        for axis, ids in tensor.units.items()
        if axis - tensor.rank + operand.rank >= 0
        and operand.shape[axis - tensor.rank + operand.rank] == len(ids) > 1
    }
    return Flow(operand.shape, units)


def _cut(kept: KeptUnits, flow: Flow, args: tuple) -> list[Any]:
    return [_cut_constant(kept, flow, value) for value in args]


def _cut_constant(kept: KeptUnits, flow: Flow, value: Any) -> Any:
    if isinstance(value, keras.KerasTensor) or not np.shape(value):
        return value
    array = np.asarray(value)
    for axis, ids in flow.units.items():
        place = axis - flow.rank + array.ndim
        if place >= 0 and array.shape[place] == len(ids) > 1:
            array = np.take(array, kept.positions(ids), axis=place)
    return array


def concatenate(call: Call) -> Flow:
    """Like the layer."""
    return concatenated(call, call.inputs, call.layer.axis)


def reduces(call: Call) -> Flow:
    """Axes are averaged, summed or searched; units may only be summed over."""
    operation = call.layer
    given = operation.axis
    rank = call.input.rank
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    axes = sorted(axis % rank for axis in axes)
    if op_name(operation) != "Sum":
        for axis in axes:
            call.keep(call.input[axis], f"taken together by {call.name}")
    if operation.keepdims:
        return call.flow(call.input.others(axes))
    left = call.input.others(axes)
    return call.flow({a - sum(x < a for x in axes): ids for a, ids in left.items()})


def softmax(call: Call) -> Flow:
    """Units along the normalized axes are compared with one another."""
    return _alone(call, call.layer.axis, "compared with one another")


def normalize(call: Call) -> Flow:
    """The norm of a vector does not change when zeros are dropped."""
    if call.layer.order > 0:
        return call.flow(call.input.units)
    return _alone(call, call.layer.axis, "compared with one another")


def in_order(call: Call) -> Flow:
    """Units along an axis that is summed up, sorted or rolled cannot leave it."""
    if call.layer.axis is None:
        call.keep(call.input, f"their order counts in {call.name}")
        return call.flow()
    return _alone(call, call.layer.axis, "their order counts")


def _alone(call: Call, axes: Any, reason: str) -> Flow:
    for axis in [axes] if isinstance(axes, int) else axes:
        call.keep(call.input[axis], f"{reason} in {call.name}")
    return call.flow(call.input.units)


def repeat(call: Call) -> list[Flow]:
    """Like other moves, but a count for each unit does not fit those that stay."""
    axis = call.layer.axis
    if axis is None or (np.size(call.layer.repeats) > 1 and call.input[axis] is not None):
        call.keep(call.input, f"their order counts in {call.name}")
        return call.flows({})
    return picking.moves(call)


def stack(call: Call) -> Flow:
    """Inputs meet as in an addition; then an axis is put between theirs."""
    rank = call.input.rank
    axis = call.layer.axis % (rank + 1)
    for flow in call.inputs[1:]:
        for each in {*call.input.units, *flow.units}:
            call.same(call.input[each], flow[each])
    return call.flow({a + (a >= axis): ids for a, ids in call.input.units.items()})


def clip(call: Call) -> Flow:
    """The same limits for all units, or some for each, which then must stay."""
    if np.ndim(call.layer.x_min) or np.ndim(call.layer.x_max):
        call.keep(call.input, f"limits of their own in {call.name}")
    return call.flow(call.input.units)


def _named(names: str, rule: Callable[[Call], Any]) -> dict[str, Callable[[Call], Any]]:
    return dict.fromkeys(names.split(), rule)


_RULES: dict[str, Callable[[Call], Any]] = {
    **dict.fromkeys(ELEMENTWISE_OPS, passes),
    **dict.fromkeys(JOINING_OPS, joins),
    **_named(_MOVE, picking.moves),
    **_named(_ORDER, in_order),
    **_named(_POOL, pooling.channels_pass),
    **_named(_REDUCE, reduces),
    **_named("Softmax LogSoftmax Sparsemax", softmax),
    **_named("Split Take", picking.takes),
    "Clip": clip,
    "Concatenate": concatenate,
    "GetItem": picking.slices,
    "Normalize": normalize,
    "Pad": picking.pads,
    "Repeat": repeat,
    "Reshape": picking.reshape,
    "Stack": stack,
    **products.RULES,
}
