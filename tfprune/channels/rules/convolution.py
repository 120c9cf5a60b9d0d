"""Convolutions: plain, grouped, transposed, depthwise, separable."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.records import KeptUnits
from tfprune.channels.rules.elementwise import activated, check_activation
from tfprune.channels.units import Ids

layers = keras.layers


def channel_axis(call: Call) -> int:
    """Return the axis of the channels, counted from 0."""
    return 1 if call.layer.data_format == "channels_first" else call.input.rank - 1


def convolution(call: Call) -> Flow:
    """Sum over the input channels, produce `filters`; with groups, whole groups go together."""
    layer, axis = call.layer, channel_axis(call)
    units = call.new(layer.filters)
    if layer.groups == 1:
        call.reads(layer.kernel, -2 % len(layer.kernel.shape), call.input[axis])
    else:
        _tie_groups(call, call.input[axis], units)
    call.writes(layer.kernel, len(layer.kernel.shape) - 1, units)
    return _produce(call, axis, units)


def transposed(call: Call) -> Flow:
    """Like a convolution, the kernel's last axes swapped."""
    layer, axis = call.layer, channel_axis(call)
    units = call.new(layer.filters)
    call.reads(layer.kernel, len(layer.kernel.shape) - 1, call.input[axis])
    call.writes(layer.kernel, len(layer.kernel.shape) - 2, units)
    return _produce(call, axis, units)


def depthwise(call: Call) -> Flow:
    """Give each input channel `depth_multiplier` output channels of its own."""
    layer, axis = call.layer, channel_axis(call)
    units = call.input[axis]
    call.scales(layer.kernel, len(layer.kernel.shape) - 2, units)
    repeated = _repeat(units, layer.depth_multiplier)
    call.scales(layer.bias, 0, repeated)
    check_activation(call, layer.activation, repeated)
    call.keep_others(axis)
    return call.flow({axis: repeated})


def separable(call: Call) -> Flow:
    """A depthwise convolution and a pointwise one."""
    layer, axis = call.layer, channel_axis(call)
    rank = len(layer.depthwise_kernel.shape)
    read = call.input[axis]
    call.scales(layer.depthwise_kernel, rank - 2, read)
    call.reads(layer.pointwise_kernel, rank - 2, _repeat(read, layer.depth_multiplier))
    units = call.new(layer.filters)
    call.writes(layer.pointwise_kernel, rank - 1, units)
    return _produce(call, axis, units)


def _produce(call: Call, axis: int, units: Ids) -> Flow:
    call.writes(call.layer.bias, 0, units)
    call.setting("filters", units=units)
    _mix_places(call, axis)
    return activated(call, call.layer.activation, call.flow({axis: units}))


def _mix_places(call: Call, axis: int) -> None:
    """Keep units along other axes; a short line of them, as of pooled channels, gets zeros back.

    The convolution gets the line in its full length, with zeros where units are gone (ECA).
    """
    others = call.input.others([axis])
    size = prod(length or 2 for length in call.input.shape[1:])
    if call.node is None or len(others) != 1 or any(len(ids) < size for ids in others.values()):
        call.keep_others(axis)
        return
    [(place, ids)] = others.items()
    call.rewrite(lambda kept, op, args, kwargs: op(_restored(kept, args[0], ids, place)))


def _restored(kept: KeptUnits, tensor: Any, ids: Ids, axis: int) -> Any:
    """Return a tensor of the units that stay along an axis, with zeros where the others were."""
    mask = kept.mask(ids)
    if mask.all():
        return tensor
    widths = [(0, 0)] * len(tensor.shape)
    widths[axis] = (0, 1)
    places = np.where(mask, np.cumsum(mask) - 1, mask.sum())
    return keras.ops.take(keras.ops.pad(tensor, widths), places.tolist(), axis=axis)


def _repeat(units: Ids | None, times: int) -> Ids | None:
    return units if units is None or times == 1 else np.repeat(units, times)


def _tie_groups(call: Call, read: Ids | None, units: Ids) -> None:
    if read is None:
        call.keep(units, f"{call.name} is grouped and its input has a fixed width")
        return
    ins, outs = (ids.reshape(call.layer.groups, -1) for ids in (read, units))
    first = ins[:, 0]
    for column in (*ins.T[1:], *outs.T):
        call.same(first, column)
    call.setting("groups", units=first)


RULES = {
    layers.Conv1D: convolution,
    layers.Conv2D: convolution,
    layers.Conv3D: convolution,
    layers.Conv1DTranspose: transposed,
    layers.Conv2DTranspose: transposed,
    layers.Conv3DTranspose: transposed,
    layers.DepthwiseConv1D: depthwise,
    layers.DepthwiseConv2D: depthwise,
    layers.SeparableConv1D: separable,
    layers.SeparableConv2D: separable,
}
