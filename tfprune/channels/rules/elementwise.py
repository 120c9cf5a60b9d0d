"""Layers that leave each unit where it is."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.units import Ids
from tfprune.keras_facts import ELEMENTWISE_LAYERS, JOINING_LAYERS, PASS_THROUGH, is_elementwise
from tfprune.keras_facts.origins import name_of

layers = keras.layers


def passes(call: Call) -> list[Flow]:
    """Each unit stays at its place, whatever happens to its values."""
    return call.flows(call.input.units)


def check_activation(call: Call, function: Any, units: Ids | None) -> None:
    """Keep the units of a layer whose activation mixes them, or may do so."""
    if units is not None and not is_elementwise(function):
        call.keep(units, f"the activation {name_of(function)} of {call.name} may mix channels")


def activation(call: Call) -> Flow:
    """An activation function on every unit."""
    for units in call.input.units.values():
        check_activation(call, call.layer.activation, units)
    return call.flow(call.input.units)


def softmax(call: Call) -> Flow:
    """Units along the normalized axes are compared with one another."""
    axes = call.layer.axis
    for axis in axes if isinstance(axes, (list, tuple)) else [axes]:
        call.keep(call.input[axis], f"compared with one another by {call.name}")
    return call.flow(call.input.units)


def prelu(call: Call) -> Flow:
    """A slope for each unit, or one for all along a shared axis."""
    alpha = call.layer.alpha
    for axis in range(1, call.input.rank):
        if axis not in (call.layer.shared_axes or ()):
            call.scales(alpha, axis - 1, call.input[axis])
    return call.flow(call.input.units)


def rescaling(call: Call) -> Flow:
    """One factor for all, or one for each channel, which then must stay."""
    if np.ndim(call.layer.scale) or np.ndim(call.layer.offset):
        call.keep(call.input[-1], f"each has a factor of its own in {call.name}")
    return call.flow(call.input.units)


def layer_scale(call: Call) -> Flow:
    """ConvNeXt's learned factor for each channel (Touvron et al. 2021, arXiv 2103.17239)."""
    units = call.input[-1]
    call.scales(call.layer.gamma, 0, units)
    if units is not None:
        call.setting("projection_dim", units=units)
    return call.flow(call.input.units)


def joins(call: Call) -> Flow:
    """Inputs meet element by element: what lies at the same place goes together."""
    return join(call, call.inputs)


def join(call: Call, flows: list[Flow]) -> Flow:
    """Return the flow of tensors that are broadcast against one another."""
    shape = call.output_shapes[0]
    joined: dict[int, Ids] = {}
    for axis in range(len(shape)):
        units = _meeting(flows, axis - len(shape), shape[axis])
        for each in units[1:]:
            call.same(units[0], each)
        if units and units[0] is not None:
            joined[axis] = units[0]
    _keep_broadcast(call, flows, len(shape))
    return call.flow(joined)


def _meeting(flows: list[Flow], axis: int, length: int | None) -> list[Ids | None]:
    """Return what lies on an axis (counted from the end) of each flow not broadcast along it."""
    return [
        flow[axis]
        for flow in flows
        if flow.rank >= -axis and (flow.shape[axis] != 1 or length == 1)
    ]


def _keep_broadcast(call: Call, flows: list[Flow], rank: int) -> None:
    for flow in flows:
        for axis, units in flow.units.items():
            if len(units) == 1 and call.output_shapes[0][axis - flow.rank + rank] != 1:
                call.keep(units, f"broadcast by {call.name}")


RULES = {
    **dict.fromkeys((*PASS_THROUGH, *ELEMENTWISE_LAYERS), passes),
    **dict.fromkeys(JOINING_LAYERS, joins),
    layers.Activation: activation,
    layers.PReLU: prelu,
    layers.Softmax: softmax,
    layers.Rescaling: rescaling,
}
