"""Layers and operations that only move values: their code is run on the places themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd, prod
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow, Shape
from tfprune.channels.units import Ids
from tfprune.errors import first_sentence

layers = keras.layers

# Axis of the input → the axis of an output where its units lie now, and for each place there the
# place they came from, -1 for a new zero.
Moves = dict[int, tuple[int, np.ndarray]]


def flatten(call: Call) -> Flow:
    """Every unit of the channels lies at many places of the flat axis."""
    return moved(call, call.layer.call)[0]


permute = repeat_vector = flatten


def reshape(call: Call) -> Flow:
    """A static reshape: units that it spreads over several axes go together along one of them."""
    [flow] = reshaped(call, call.layer.call)
    for place, length in enumerate(call.layer.target_shape):
        if length != -1:
            units = flow[place + 1]
            call.setting("target_shape", place, units=length if units is None else units)
    return flow


def moved(call: Call, move: Callable[[Any], Any]) -> list[Flow]:
    """Return the flows of the outputs of a function that moves values."""
    return flows_after(call, follow(call, move))


def reshaped(call: Call, move: Callable[[Any], Any]) -> list[Flow]:
    """Return the flows of the outputs of a reshape; an axis may become several.

    Along one of them units are removed: those at the same place of it go together. Values in
    row-major order stay in order when whole slices of both shapes go.
    """
    return flows_after(call, follow(call, move, ties=True))


def follow(
    call: Call,
    move: Callable[[Any], Any],
    known: Mapping[int, int] = MappingProxyType({}),
    *,
    ties: bool = False,
) -> list[Moves]:
    """Return for each output where a function moves the units of the first input.

    The function is run on an array that holds, at every place, its position along the axis of the
    units. Where the positions in an output differ along one axis only, that axis carries the
    units; where they do not, the units cannot be removed one by one and are kept.

    Args:
        call: The call.
        move: The function.
        known: Axis of the input → axis of the outputs, where that is known beforehand: of a single
            position alone it cannot be seen along which axis it lies.
        ties: Whether units that come to lie on several axes go together along one of them; the
            function is a reshape.
    """
    batch = _examples(call) if ties else 1
    found: list[Moves] = [{} for _ in call.output_shapes]
    for axis, ids in call.input.units.items():
        try:
            outputs = keras.tree.flatten(move(_positions(call.input, axis, batch)))
        except Exception as error:
            call.keep(ids, f"{call.name} cannot be followed: {first_sentence(error)}")
            continue
        for moves, shape, output in zip(found, call.output_shapes, outputs, strict=True):
            output = np.asarray(output)
            if output.size == 0 and axis in known:  # the last part of a split may be
                moves[axis] = (known[axis], np.array([], np.int64))
                continue
            if output.size == 0:
                call.keep(ids, f"an output of {call.name} is empty")
                continue
            places = [known[axis]] if axis in known else _varying(output)
            to = call.choose(axis, places) if ties and len(places) > 1 else places[0]
            if (len(places) > 1 and not ties) or 0 in places or to in dict(moves.values()):
                call.keep(ids, f"spread over several axes by {call.name}")
            elif shape[to] != output.shape[to]:
                call.keep(ids, f"{call.name} leaves its length open")
            else:
                lines = np.moveaxis(output, to, 0).reshape(output.shape[to], -1).astype(np.int64)
                moves[axis] = (to, lines[:, 0])
                for line in np.unique(lines, axis=1).T if len(places) > 1 else ():
                    call.same(ids[lines[:, 0]], ids[line])
    return found


def flows_after(call: Call, found: list[Moves]) -> list[Flow]:
    """Return the flows of outputs to which units were moved."""
    return [
        call.flow({to: _units(call, axis, places) for axis, (to, places) in moves.items()}, number)
        for number, moves in enumerate(found)
    ]


def _units(call: Call, axis: int, places: np.ndarray) -> Ids:
    units: Ids = call.input.units[axis][places]
    zeros = places < 0
    if zeros.any():
        units[zeros] = call.new(int(zeros.sum()))
    return units


def _positions(flow: Flow, axis: int, batch: int) -> Any:
    """Return the positions along an axis at every place of a tensor; an open length stands as 2."""
    shape = [flow.shape[0] or batch, *_lengths(flow.shape)]
    line = [1] * flow.rank
    line[axis] = shape[axis]
    spread = np.broadcast_to(np.arange(shape[axis], dtype="int32").reshape(line), shape)
    return keras.ops.convert_to_tensor(spread)


def _lengths(shape: Shape) -> list[int]:
    return [2 if length is None else length for length in shape[1:]]


def _examples(call: Call) -> int:
    """Return how many examples of open number a reshape needs to fill its known lengths."""
    before, after = (_size(flow.shape) for flow in (call.input, call.flow()))
    return after // gcd(before, after)


def _size(shape: Shape) -> int:
    return ((shape[0] if shape else 1) or 1) * prod(_lengths(shape))


def _varying(output: np.ndarray) -> list[int]:
    """Return the axes along which an array varies, the longest first; the first of all if none."""
    axes = [a for a in range(output.ndim) if (np.diff(output, axis=a) != 0).any()]
    return sorted(axes, key=lambda axis: -output.shape[axis]) or [0]


RULES = {
    layers.Flatten: flatten,
    layers.Permute: permute,
    layers.RepeatVector: repeat_vector,
    layers.Reshape: reshape,
}
