"""Operations that pick, pad or reshape: they are made again from the units that stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.records import KeptUnits
from tfprune.channels.rules.moving import Moves, flows_after, follow, moved, reshaped
from tfprune.channels.units import Ids

# What an operation does beside the axes on which it picks units: one tensor for each output.
Beside = Callable[[Any, set[int]], list[Any]]


def moves(call: Call) -> list[Flow]:
    """An operation that moves values as a whole, and needs no change when units go."""
    return moved(call, on_ids(call))


def reshape(call: Call) -> Flow:
    """A reshape whose new lengths are counted again."""
    [flow] = reshaped(call, on_ids(call))

    def make(kept: KeptUnits, operation: Any, args: Any, kwargs: Any) -> Any:
        shape = list(operation.newshape)
        for axis, ids in flow.units.items():
            shape[axis] = -1 if shape[axis] == -1 else kept.count(ids)
        return keras.ops.reshape(args[0], shape)

    if flow.units:
        call.rewrite(make)
    return flow


def broadcast(call: Call) -> Flow:
    """Axes of length 1 are repeated; the others stay, and are counted again."""
    shift = call.flow().rank - call.input.rank
    flow: dict[int, Any] = {}
    for axis, ids in call.input.units.items():
        if len(ids) == call.output_shapes[0][axis + shift]:
            flow[axis + shift] = ids
        else:
            call.keep(ids, f"broadcast by {call.name}")

    def make(kept: KeptUnits, operation: Any, args: Any, kwargs: Any) -> Any:
        shape = list(operation.shape)
        for axis, ids in flow.items():
            shape[axis] = kept.count(ids)
        return keras.ops.broadcast_to(args[0], shape)

    if flow:
        call.rewrite(make)
    return call.flow(flow)


def slices(call: Call) -> list[Flow]:
    """`x[key]`: along the axes of the units the places that stay are taken."""
    key = _written_out(call.arguments[0][1], call.input.rank)
    entries = [entry for entry in key if entry is not None]
    sliced = [axis for axis, entry in enumerate(entries) if isinstance(entry, slice)]
    result = [entry for entry in key if entry is None or isinstance(entry, slice)]
    after = [place for place, entry in enumerate(result) if entry is not None]
    plain = all(entry is None or isinstance(entry, (int, slice)) for entry in key)

    def beside(tensor: Any, axes: set[int]) -> list[Any]:
        whole = iter([slice(None) if a in axes else entry for a, entry in enumerate(entries)])
        return [tensor[tuple(None if entry is None else next(whole) for entry in key)]]

    known = dict(zip(sliced, after, strict=True)) if plain else {}
    return _picks(call, follow(call, on_ids(call), known), beside)


def takes(call: Call) -> list[Flow]:
    """`split` and `take`: along the axis of the units the places that stay are taken."""
    if call.layer.axis is None:
        call.keep(call.input, f"put in one line by {call.name}")
        return call.flows({})
    axis, count = call.input.axis(call.layer.axis), len(call.output_shapes)
    known = {axis: axis} if len(call.output_shapes[0]) == call.input.rank else {}
    found = follow(call, on_ids(call), known)
    return _picks(call, found, lambda tensor, axes: [tensor] * count)


def pads(call: Call) -> list[Flow]:
    """Zeros or mirrored units on either side of the units that are there."""
    widths, mode = list(call.layer.pad_width), call.layer.mode
    widths = widths * call.input.rank if len(widths) == 1 else widths
    value = _pad_value(call)
    found: Moves = {}
    for axis, ids in call.input.units.items():
        if any(widths[axis]) and value:
            call.keep(ids, f"padded with {value} by {call.name}")
            continue
        fill = {"constant_values": -1} if mode == "constant" else {}
        found[axis] = (axis, np.pad(np.arange(len(ids)), widths[axis], mode, **fill))

    def beside(tensor: Any, axes: set[int]) -> list[Any]:
        rest = [(0, 0) if axis in axes else width for axis, width in enumerate(widths)]
        fill = {"constant_values": value} if mode == "constant" else {}
        return [keras.ops.pad(tensor, rest, mode, **fill) if np.any(rest) else tensor]

    return _picks(call, [found], beside)


def _pad_value(call: Call) -> Any:
    args, kwargs = call.arguments
    return (args[1] if len(args) > 1 else kwargs.get("constant_values")) or 0


def _picks(call: Call, found: list[Moves], beside: Beside) -> list[Flow]:
    """Return the flows of an operation that picks; say how it is made if units go."""
    flows = flows_after(call, found)
    source = call.input
    # An axis that could not be followed to an output keeps all its units.
    axes = {
        axis
        for axis, ids in source.units.items()
        if all(axis in picked for picked in found)
        and any(not np.array_equal(picked[axis][1], np.arange(len(ids))) for picked in found)
    }

    def make(kept: KeptUnits, operation: Any, args: Any, kwargs: Any) -> Any:
        tensors = [
            _pick_all(kept, source, picked, flow, tensor, axes)
            for picked, flow, tensor in zip(found, flows, beside(args[0], axes), strict=True)
        ]
        return tensors[0] if len(tensors) == 1 else tensors

    if axes:
        call.rewrite(make)
    return flows


def _pick_all(
    kept: KeptUnits, source: Flow, picked: Moves, flow: Flow, tensor: Any, axes: Iterable[int]
) -> Any:
    """Take the places that an output wants from what is left, on each axis that is picked from."""
    for axis in axes:
        to, places = picked[axis]
        left = np.cumsum(kept.mask(source.units[axis])) - 1
        places = places[kept.mask(flow.units[to])]
        tensor = _take(tensor, np.where(places < 0, -1, left[places]), to)
    return tensor


def _take(tensor: Any, places: np.ndarray, axis: int) -> Any:
    """Return these places of a tensor, zeros for those below 0 at either end."""
    inside = np.flatnonzero(places >= 0)
    before, end = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)
    widths = [(0, 0)] * len(tensor.shape)
    widths[axis] = (before, len(places) - end)
    tensor = picked(tensor, places[inside], axis)
    return keras.ops.pad(tensor, widths) if any(widths[axis]) else tensor


def cut(kept: KeptUnits, value: Any, cuts: Iterable[tuple[int, Ids]]) -> Any:
    """Return what stays of a value along some axes: of a tensor of the graph, or of an array.

    Args:
        kept: Which units stay.
        value: The tensor or array.
        cuts: Axes, and the units that stand along them.
    """
    for axis, ids in cuts:
        places = kept.positions(ids)
        if isinstance(value, keras.KerasTensor):
            value = picked(value, places, axis)
        else:
            value = np.take(np.asarray(value), places, axis=axis)
    return value


def picked(tensor: Any, places: np.ndarray, axis: int) -> Any:
    """Return these places of a tensor, as a slice where they follow one another."""
    first, count = int(places[0]) if len(places) else 0, len(places)
    if np.array_equal(places, np.arange(tensor.shape[axis])):
        return tensor
    if np.array_equal(places, np.arange(first, first + count)):
        return tensor[(*[slice(None)] * axis, slice(first, first + count))]
    return keras.ops.take(tensor, places.tolist(), axis=axis)


def _written_out(key: Any, rank: int) -> list[Any]:
    """Return the entries of a key of `x[key]`, one for each axis of `x`, and the new axes."""
    entries = list(key) if isinstance(key, (tuple, list)) else [key]
    place = next((i for i, entry in enumerate(entries) if entry is Ellipsis), len(entries))
    missing = rank - sum(entry is not None and entry is not Ellipsis for entry in entries)
    return [*entries[:place], *[slice(None)] * missing, *entries[place + 1 :]]


def on_ids(call: Call) -> Callable[[Any], Any]:
    """Return the operation with all its arguments but the tensor."""
    args, kwargs = call.arguments
    return lambda ids: call.layer.call(ids, *args[1:], **kwargs)
