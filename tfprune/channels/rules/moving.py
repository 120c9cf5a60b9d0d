"""Layers and operations that only move values: their code is run on the ids themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.units import Ids

layers = keras.layers


def flatten(call: Call) -> Flow:
    """Every unit of the channels lies at many places of the flat axis."""
    return moved(call, call.layer.call)[0]


permute = repeat_vector = flatten


def reshape(call: Call) -> Flow:
    """A static reshape that leaves the units along one axis; else they are kept whole."""
    [flow] = moved(call, call.layer.call)
    for axis, units in flow.units.items():
        if call.layer.target_shape[axis - 1] != -1:
            call.setting("target_shape", axis - 1, units=units)
    return flow


def moved(call: Call, move: Callable[[Any], Any]) -> list[Flow]:
    """Return the flows of the outputs of a function that moves values and may add zeros.

    The function is run on an array that holds, at every place, the id of its unit. Where the ids
    of an output differ along one axis only, that axis carries the units; where they do not, the
    units cannot be removed one by one and are kept.
    """
    count = len(call.output_shapes)
    found: list[dict[int, Ids]] = [{} for _ in range(count)]
    for axis, ids in call.input.units.items():
        try:
            outputs = keras.tree.flatten(move(_spread(call.input, axis, ids)))
        except Exception as error:
            call.keep(ids, f"{call.name} cannot be followed: {error}")
            continue
        for place, output in enumerate(outputs):
            _settle(call, found[place], ids, np.asarray(output))
    return [call.flow(found[i], i) for i in range(count)]


def _spread(flow: Flow, axis: int, ids: Ids) -> Any:
    """Return the ids, plus one, at every place of a tensor; a length not known stands as 1."""
    shape = [1 if length is None else length for length in (1, *flow.shape[1:])]
    line = [1] * flow.rank
    line[axis] = len(ids)
    spread = np.broadcast_to((ids + 1).reshape(line), shape)
    return keras.ops.convert_to_tensor(spread.astype("int32"))


def _settle(call: Call, flow: dict[int, Ids], ids: Ids, output: np.ndarray) -> None:
    axis = _varying(output)
    if axis is None or axis in flow:
        call.keep(ids, f"spread over several axes by {call.name}")
        return
    line = np.moveaxis(output, axis, 0).reshape(output.shape[axis], -1)[:, 0] - 1
    padding = line < 0
    if padding.any():
        line = line.copy()
        line[padding] = call.new(int(padding.sum()))
    flow[axis] = line.astype(np.int64)


def _varying(output: np.ndarray) -> int | None:
    """Return the one axis along which an array varies, None if there is none or several."""
    axes = [a for a in range(output.ndim) if (np.diff(output, axis=a) != 0).any()]
    return axes[0] if len(axes) == 1 and axes[0] != 0 else None


RULES = {
    layers.Flatten: flatten,
    layers.Permute: permute,
    layers.RepeatVector: repeat_vector,
    layers.Reshape: reshape,
}
