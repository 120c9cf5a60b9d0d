"""Concatenation, and products of two inputs."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.units import Ids


def concatenate(call: Call) -> Flow:
    """Units lie one input after the other; along the other axes the inputs go together."""
    return concatenated(call, call.inputs, call.layer.axis)


def concatenated(call: Call, flows: Sequence[Flow], axis: int) -> Flow:
    """Return the flow of inputs joined along an axis."""
    axis = flows[0].axis(axis)
    joined: dict[int, Ids | None] = {}
    for other in {a for flow in flows for a in flow.units} - {axis}:
        for flow in flows[1:]:
            call.same(flows[0][other], flow[other])
        joined[other] = flows[0][other]
    if any(flow[axis] is not None for flow in flows):
        joined[axis] = np.concatenate([_units(call, flow, axis) for flow in flows])
    return call.flow(joined)


def _units(call: Call, flow: Flow, axis: int) -> Ids:
    units, length = flow[axis], flow.shape[axis]
    if units is not None:
        return units
    fixed = call.new(length or 0)
    call.keep(fixed, f"joined with an input of fixed width by {call.name}")
    return fixed


def dot(call: Call) -> list[Flow]:
    """The contracted axes go together; what else is left is kept whole."""
    axes = call.layer.axes
    first, second = (axes, axes) if isinstance(axes, int) else axes
    one, two = call.inputs
    call.same(one[first], two[second])
    for flow, axis in ((one, first), (two, second)):
        for units in flow.others([axis]).values():
            call.keep(units, f"an outer axis of {call.name}")
    return call.flows({})


RULES = {keras.layers.Concatenate: concatenate, keras.layers.Dot: dot}
