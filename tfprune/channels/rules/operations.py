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
from tfprune.channels.rules.elementwise import fixed, join, softmax
from tfprune.channels.rules.merging import concatenated
from tfprune.channels.units import Ids
from tfprune.keras_facts import ELEMENTWISE_OPS, JOINING_OPS, is_array, op_name

_MOVE = "ExpandDims Flip Moveaxis Squeeze Swapaxes Transpose Unstack"
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
    product = op_name(call.layer) == "Multiply" and call.node is not None
    met = [_lengthen(o, call.inputs) for o in operands if o is not None]
    flow = join(call, met, product=product)
    cuts = [
        fixed(operand or Flow(()), flow) if product or not isinstance(value, Flow) else []
        for value, operand in zip(args, operands, strict=True)
    ]
    if any(cuts):
        call.rewrite(
            lambda kept, op, args, kwargs: op(
                *(picking.cut(kept, x, own) for x, own in zip(args, cuts, strict=True)), **kwargs
            )
        )
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


def concatenate(call: Call) -> Flow:
    """Like the layer."""
    return concatenated(call, call.inputs, call.layer.axis)


def reduces(call: Call) -> Flow:
    """Axes are averaged, summed or searched; what is left out must not change what comes out.

    Zeros add nothing to a sum, nor to a mean whose divisor stays as it was; where no value is below
    zero they are never the largest.
    """
    axes = _reduced_axes(call)
    name = op_name(call.layer) or ""
    taken = [ids for axis in axes if (ids := call.input[axis]) is not None]
    if name == "Mean" and taken:
        call.rewrite(lambda kept, op, args, kwargs: op(*args, **kwargs) * _left(kept, taken))
    elif name != "Sum" and not (name in ("Amax", "Max") and call.input.floored):
        for ids in taken:
            call.keep(ids, f"taken together by {call.name}")
    return _without(call, axes)


def _reduced_axes(call: Call) -> list[int]:
    """Return the axes over which an operation reduces, counted from 0."""
    given, rank = call.layer.axis, call.input.rank
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    return sorted(axis % rank for axis in axes)


def _without(call: Call, axes: list[int]) -> Flow:
    left = call.input.others(axes)
    if call.layer.keepdims:
        return call.flow(left)
    return call.flow({a - sum(x < a for x in axes): ids for a, ids in left.items()})


def _left(kept: KeptUnits, taken: list[Ids]) -> float:
    """Return the share of the values of a mean that stay."""
    return float(np.prod([kept.count(ids) / len(ids) for ids in taken]))


def sparsemax(call: Call) -> Flow:
    """Units along the normalized axis are compared with one another."""
    return _alone(call, call.layer.axis, "compared with one another")


def normalize(call: Call) -> Flow:
    """The norm of a vector does not change when zeros are dropped."""
    if call.layer.order > 0:
        return call.flow(call.input.units)
    return _alone(call, call.layer.axis, "compared with one another")


def norm(call: Call) -> Flow:
    """The norm of a vector does not change when zeros are dropped, unless it looks for them."""
    order, axes = call.layer.ord, _reduced_axes(call)
    if isinstance(order, (int, float)) and order <= 0:
        for axis in axes:
            call.keep(call.input[axis], f"taken together by {call.name}")
    return _without(call, axes)


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
    axis, repeats = call.layer.axis, call.layer.repeats
    if axis is not None and call.input.shape[axis] == 1 and np.size(repeats) == 1:
        axis = call.input.axis(axis)
        return [_spread(call, axis, lambda op, x, count: keras.ops.repeat(x, count, axis=axis))]
    if axis is None or (np.size(repeats) > 1 and call.input[axis] is not None):
        call.keep(call.input, f"their order counts in {call.name}")
        return call.flows({})
    return picking.moves(call)


def tile(call: Call) -> list[Flow]:
    """One value repeated along an axis meets the units there; other tiles move all at once."""
    repeats = call.layer.repeats
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    along = [axis for axis, count in enumerate(repeats) if count != 1]
    if len(repeats) != call.input.rank or len(along) != 1 or call.input.shape[along[0]] != 1:
        return picking.moves(call)
    [axis] = along

    def again(operation: Any, x: Any, count: int) -> Any:
        return keras.ops.tile(x, (*repeats[:axis], count, *repeats[axis + 1 :]))

    return [_spread(call, axis, again)]


def _spread(call: Call, axis: int, again: Callable[[Any, Any, int], Any]) -> Flow:
    """One value is repeated along an axis, as often as there are units left that it meets."""
    count = call.output_shapes[0][axis]
    call.keep(call.input[axis], f"repeated by {call.name}")
    if not axis or count is None:
        return call.flow(call.input.others([axis]))
    ids = call.new(count)
    call.rewrite(lambda kept, op, args, kwargs: again(op, args[0], kept.count(ids)))
    return call.flow({**call.input.others([axis]), axis: ids})


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
    **_named("Softmax LogSoftmax", softmax),
    **_named("Split Take", picking.takes),
    "BroadcastTo": picking.broadcast,
    "Clip": clip,
    "Concatenate": concatenate,
    "GetItem": picking.slices,
    "Norm": norm,
    "Normalize": normalize,
    "Pad": picking.pads,
    "Repeat": repeat,
    "Reshape": picking.reshape,
    "Sparsemax": sparsemax,
    "Stack": stack,
    "Tile": tile,
    **products.RULES,
}
