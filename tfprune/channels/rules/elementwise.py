"""Layers that leave each unit where it is."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.picking import cut
from tfprune.channels.units import Ids
from tfprune.keras_facts import (
    ELEMENTWISE_LAYERS,
    JOINING_LAYERS,
    PASS_THROUGH,
    activation_name,
    is_elementwise,
)
from tfprune.keras_facts.origins import name_of

layers = keras.layers


def passes(call: Call) -> list[Flow]:
    """Each unit stays at its place, whatever happens to its values."""
    return call.flows(call.input.units)


def one_of_them(call: Call) -> Flow:
    """One input comes out as it is, but in training the others may meet it."""
    if any(flow.shape != call.output_shapes[0] for flow in call.inputs):
        return call.unknown("its inputs are of several shapes")[0]
    return join(call, call.inputs)


def check_activation(call: Call, function: Any, units: Ids | None) -> None:
    """Keep the units of a layer whose activation mixes them, or may do so."""
    if units is not None and not is_elementwise(function):
        call.keep(units, f"the activation {name_of(function)} of {call.name} may mix channels")


def activated(call: Call, function: Any, flow: Flow) -> Flow:
    """Return the flow of an output behind an activation function, at the end of a layer."""
    if activation_name(function) in ("softmax", "log_softmax"):
        reason = f"the activation {name_of(function)} of {call.name} may mix channels"
        call.shares([-1], flow, reason)
        return flow
    for units in flow.units.values():
        check_activation(call, function, units)
    return flow


def activation(call: Call) -> Flow:
    """An activation function on every unit."""
    return activated(call, call.layer.activation, call.flow(call.input.units))


def softmax(call: Call) -> Flow:
    """Units along the normalized axes share a sum of 1, or its logarithm: those that stay do."""
    flow, axes = call.flow(call.input.units), call.layer.axis
    axes = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    call.shares(axes, flow, f"compared with one another by {call.name}")
    return flow


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


def multiplies(call: Call) -> Flow:
    """Inputs meet in a product: one of fixed width loses what it is multiplied with."""
    flow = join(call, call.inputs, product=call.node is not None)
    cuts = [fixed(each, flow) for each in call.inputs]
    if any(cuts):
        call.rewrite(
            lambda kept, op, args, kwargs: op(
                [cut(kept, x, own) for x, own in zip(args[0], cuts, strict=True)], **kwargs
            )
        )
    return flow


def fixed(operand: Flow, flow: Flow) -> list[tuple[int, Ids]]:
    """Return the axes where an operand has a fixed width, with the units of what comes out."""
    places = [(axis - flow.rank + operand.rank, ids) for axis, ids in flow.units.items()]
    return [
        (place, ids)
        for place, ids in places
        if place >= 0 and operand[place] is None and operand.shape[place] == len(ids) > 1
    ]


def join(call: Call, flows: list[Flow], product: bool = False) -> Flow:
    """Return the flow of tensors that are broadcast against one another.

    Args:
        call: The call.
        flows: The tensors.
        product: Whether they are multiplied, and one of fixed width can be cut: zero times
            anything is zero.
    """
    shape = call.output_shapes[0]
    joined: dict[int, Ids] = {}
    for axis in range(len(shape)):
        units = _meeting(flows, axis - len(shape), shape[axis])
        if product:
            units = [ids for ids in units if ids is not None]
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
    layers.Multiply: multiplies,
    layers.Activation: activation,
    layers.PReLU: prelu,
    layers.Softmax: softmax,
    layers.Rescaling: rescaling,
}
