"""Normalization: weights for each unit, and statistics of one unit, a group, or all of them."""

from __future__ import annotations

import keras

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow

layers = keras.layers


def batch_normalization(call: Call) -> Flow:
    """Statistics and weights of each unit alone."""
    layer = call.layer
    units = call.input[layer.axis]
    for variable in (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance):
        call.scales(variable, 0, units)
    return call.flow(call.input.units)


def layer_normalization(call: Call) -> Flow:
    """Statistics over all units of the normalized axes: those that stay share them."""
    layer = call.layer
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    weights = [getattr(layer, name, None) for name in ("gamma", "beta", "scale")]
    for place, axis in enumerate(axes):
        for variable in weights:
            if getattr(variable, "shape", None) is not None:  # `scale` may be a flag
                call.scales(variable, place, call.input[axis])
        call.averages(axis, call.input[axis])
    return call.flow(call.input.units)


def group_normalization(call: Call) -> Flow:
    """Statistics of each group: whole groups go, so that those of the others stay."""
    layer = call.layer
    units = call.input[layer.axis]
    for variable in (layer.gamma, layer.beta):
        call.scales(variable, 0, units)
    call.keep_others(layer.axis)
    if units is None:
        return call.flow()
    if layer.groups == 1:
        call.averages(layer.axis, units)
        return call.flow({layer.axis: units})
    members = units.reshape(layer.groups, -1)
    for column in members.T[1:]:
        call.same(members[:, 0], column)
    call.setting("groups", units=members[:, 0])
    return call.flow({layer.axis: units})


def unit_normalization(call: Call) -> Flow:
    """The norm of a vector does not change when zeros are dropped."""
    return call.flow(call.input.units)


def normalization(call: Call) -> Flow:
    """The mean and variance it was adapted to are not weights that Keras can rebuild smaller."""
    call.keep(call.input, f"adapted to its data by {call.name}")
    return call.flow(call.input.units)


RULES = {
    layers.BatchNormalization: batch_normalization,
    layers.LayerNormalization: layer_normalization,
    layers.RMSNormalization: layer_normalization,
    layers.GroupNormalization: group_normalization,
    layers.UnitNormalization: unit_normalization,
    layers.Normalization: normalization,
}
