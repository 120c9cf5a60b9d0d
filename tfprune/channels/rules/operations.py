"""Operations of `keras.ops` that stand in the graph, found by the name of their class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.records import Kept
from tfprune.channels.rules.elementwise import join
from tfprune.channels.rules.merging import concatenated
from tfprune.channels.rules.moving import moved

_PASS = (
    "Absolute Cast Ceil Celu Clip Cos Elu Erf Exp Exp2 Expm1 Floor Gelu HardSigmoid HardSilu "
    "HardTanh Identity LeakyRelu Log1p LogSigmoid Mish Negative Relu Relu6 Round Rsqrt Selu Sigmoid "
    "Sign Silu Sin Softplus Softsign Sqrt Square StopGradient Swish Tanh"
)
_JOIN = (
    "Add Arctan2 Divide Equal Greater GreaterEqual Less LessEqual Maximum Minimum Multiply Power "
    "Subtract TrueDivide Where"
)
_MOVE = "ExpandDims Flip Repeat Squeeze SwapAxes Moveaxis Tile Transpose Flatten"
_POOL = "AdaptiveAveragePool AdaptiveMaxPool AveragePool MaxPool Resize"


def find(operation: Any) -> Callable[[Call], Any] | None:
    """Return the rule of an operation of `keras.ops`, None if there is none."""
    kind = type(operation)
    return _RULES.get(kind.__name__) if kind.__module__.startswith("keras.") else None


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
    shape = np.shape(value) if not hasattr(value, "shape") else tuple(value.shape)
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


def _cut(kept: Kept, flow: Flow, args: tuple) -> list[Any]:
    return [_cut_constant(kept, flow, value) for value in args]


def _cut_constant(kept: Kept, flow: Flow, value: Any) -> Any:
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


def moves(call: Call) -> list[Flow]:
    """An operation that moves values as a whole, and needs no change when units go."""
    return moved(call, _on_ids(call))


def reshape(call: Call) -> Flow:
    """A reshape whose new lengths are counted again."""
    [flow] = moved(call, _on_ids(call))
    shape = list(call.layer.newshape)

    def make(kept: Kept, operation: Any, args: Any, kwargs: Any) -> Any:
        for axis, ids in flow.units.items():
            shape[axis] = -1 if shape[axis] == -1 else kept.count(ids)
        return keras.ops.reshape(args[0], shape)

    call.rewrite(make)
    return flow


def picks(call: Call) -> list[Flow]:
    """Slices, splits, takes and pads: made again from where the units that stay come from."""
    flows = moved(call, _on_ids(call))
    source = call.input

    def make(kept: Kept, operation: Any, args: Any, kwargs: Any) -> Any:
        return _pick_again(call, kept, source, flows, args[0])

    if any(flow.units for flow in flows) and _touches(call, source, flows):
        call.rewrite(make)
    return flows


def _touches(call: Call, source: Flow, flows: list[Flow]) -> bool:
    """Whether units were picked, not only axes next to them."""
    ids = [ids for flow in flows for ids in flow.units.values()]
    return not all(any(np.array_equal(a, b) for b in source.units.values()) for a in ids)


def _pick_again(call: Call, kept: Kept, source: Flow, flows: list[Flow], tensor: Any) -> Any:
    outputs = [_pick(kept, source, flow, tensor) for flow in flows]
    return outputs[0] if len(outputs) == 1 else outputs


def _pick(kept: Kept, source: Flow, flow: Flow, tensor: Any) -> Any:
    """Take the positions that an output wants from what is left of the input, zeros around it."""
    (axis, ids), (_, wanted) = next(iter(source.units.items())), next(iter(flow.units.items()))
    left, wanted = ids[kept.mask(ids)], wanted[kept.mask(wanted)]
    place = {int(unit): i for i, unit in enumerate(left)}
    positions = np.array([place.get(int(unit), -1) for unit in wanted])
    inside = np.flatnonzero(positions >= 0)
    picked = _take(tensor, positions[inside], axis)
    before, after = int(inside[0]), len(positions) - 1 - int(inside[-1])
    if before or after:
        widths = [(0, 0)] * flow.rank
        widths[axis] = (before, after)
        picked = keras.ops.pad(picked, widths)
    return picked


def _take(tensor: Any, positions: np.ndarray, axis: int) -> Any:
    """Return these positions of a tensor, as a slice where they follow one another."""
    first, count = int(positions[0]), len(positions)
    if np.array_equal(positions, np.arange(tensor.shape[axis])):
        return tensor
    if np.array_equal(positions, np.arange(first, first + count)):
        return tensor[(*[slice(None)] * axis, slice(first, first + count))]
    return keras.ops.take(tensor, positions, axis=axis)


def reduces(call: Call) -> Flow:
    """Axes are averaged, summed or searched; units may only be summed over."""
    operation = call.layer
    given = operation.axis
    rank = call.input.rank
    axes = range(rank) if given is None else [given] if isinstance(given, int) else given
    axes = sorted(axis % rank for axis in axes)
    if type(operation).__name__ != "Sum":
        for axis in axes:
            call.keep(call.input[axis], f"taken together by {call.name}")
    if operation.keepdims:
        return call.flow(call.input.others(axes))
    left = call.input.others(axes)
    return call.flow({a - sum(x < a for x in axes): ids for a, ids in left.items()})


def softmax(call: Call) -> Flow:
    """Units along the normalized axes are compared with one another."""
    axes = call.layer.axis
    for axis in [axes] if isinstance(axes, int) else axes:
        call.keep(call.input[axis], f"compared with one another by {call.name}")
    return call.flow(call.input.units)


def pools(call: Call) -> Flow:
    """The channels stay; units along any other axis are kept whole."""
    axis = 1 if call.layer.data_format == "channels_first" else -1
    for units in call.input.others([axis]).values():
        call.keep(units, f"they lie along an axis that {call.name} resizes")
    return call.flow({axis: call.input[axis]})


def _on_ids(call: Call) -> Callable[[Any], Any]:
    """Return the operation with all its arguments but the tensor."""
    args, kwargs = call.arguments
    return lambda ids: call.layer.call(ids, *args[1:], **kwargs)


def _named(names: str, rule: Callable[[Call], Any]) -> dict[str, Callable[[Call], Any]]:
    return dict.fromkeys(names.split(), rule)


_RULES: dict[str, Callable[[Call], Any]] = {
    **_named(_PASS, passes),
    **_named(_JOIN, joins),
    **_named(_MOVE, moves),
    **_named(_POOL, pools),
    **_named("GetItem Split Take Pad", picks),
    **_named("Mean Sum Max Min Amax Amin Prod Var Std", reduces),
    **_named("Softmax LogSoftmax", softmax),
    "Concatenate": concatenate,
    "Reshape": reshape,
}
