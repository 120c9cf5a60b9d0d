"""Recurrent layers, and the wrappers that run a layer over time."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.elementwise import check_activation
from tfprune.channels.units import Ids

layers = keras.layers
_GATES = {layers.LSTMCell: 4, layers.GRUCell: 3, layers.SimpleRNNCell: 1}
_CONVOLUTIONAL = (layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D)


def recurrent(call: Call) -> list[Flow]:
    """A unit owns a column in every gate, and a row of the recurrent kernel."""
    cell = call.layer.cell
    if type(cell) is layers.StackedRNNCells:
        return _stacked(call, cell.cells)
    if type(cell) not in _GATES:
        return call.unknown(f"no flow rule for the cell {type(cell).__name__}")
    plain = isinstance(call.layer, (layers.LSTM, layers.GRU, layers.SimpleRNN))
    at = ("units",) if plain else ("cell", "config", "units")
    units = call.new(cell.units)
    call.setting(*at, units=units)
    return _bind_cell(call, cell, units, _GATES[type(cell)], -1)


def _stacked(call: Call, cells: list[Any]) -> list[Flow]:
    """Cells one after the other within a step: each reads what the one before puts out."""
    strange = [type(cell).__name__ for cell in cells if type(cell) not in _GATES]
    if strange:
        return call.unknown(f"no flow rule for the cell {strange[0]}")
    if call.argument("initial_state") is not None or call.layer.return_state:
        return call.unknown("stacked cells with states are not followed")
    read = call.input[-1]
    for place, cell in enumerate(cells):
        units = call.new(cell.units)
        call.setting("cell", "config", "cells", place, "config", "units", units=units)
        _bind_weights(call, cell, read, units, _GATES[type(cell)])
        read = units
    call.keep_others(-1)
    return call.flows({-1: read})


def convolutional(call: Call) -> list[Flow]:
    """Like an LSTM, each of whose units is a channel of an image."""
    cell = call.layer.cell
    axis = -1 if cell.data_format == "channels_last" else -1 - cell.rank
    units = call.new(cell.filters)
    call.setting("filters", units=units)
    return _bind_cell(call, cell, units, 4, axis)


def _bind_cell(call: Call, cell: Any, units: Ids, gates: int, axis: int) -> list[Flow]:
    """Bind the kernels of a cell whose units lie on this axis of its inputs and outputs."""
    for state in keras.tree.flatten(call.argument("initial_state")):
        if state is not None:
            call.same(state[axis], units)
    call.keep_others(axis)
    _bind_weights(call, cell, call.input[axis], units, gates)
    return call.flows({axis: units})


def _bind_weights(call: Call, cell: Any, read: Ids | None, units: Ids, gates: int) -> None:
    inner, last = (len(cell.kernel.shape) - back for back in (2, 1))
    call.reads(cell.kernel, inner, read)
    call.reads(cell.recurrent_kernel, inner, units)
    columns = np.tile(units, gates)
    for kernel in (cell.kernel, cell.recurrent_kernel):
        call.writes(kernel, last, columns)
    if cell.bias is not None:
        call.writes(cell.bias, len(cell.bias.shape) - 1, columns)
    for function in (cell.activation, getattr(cell, "recurrent_activation", None)):
        check_activation(call, function, units)


def bidirectional(call: Call) -> list[Flow]:
    """Two layers, one running backwards; their outputs are joined or stand side by side."""
    layer = call.layer
    if call.argument("initial_state") is not None or layer.forward_layer.return_state:
        return call.unknown("a Bidirectional layer with states is not followed")
    forward = call.through(layer.forward_layer, call.input, at=("layer", "config"))
    backward = call.through(layer.backward_layer, call.input, at=("backward_layer", "config"))
    one, two = forward[-1], backward[-1]
    if one is None or two is None:
        return call.unknown("an inner layer of Bidirectional is not followed")
    if layer.merge_mode == "concat":
        return call.flows({-1: np.concatenate([one, two])})
    if layer.merge_mode is None:
        return [call.flow({-1: one}, 0), call.flow({-1: two}, 1)]
    call.same(one, two)
    return call.flows({-1: one})


def time_distributed(call: Call) -> Flow:
    """The inner layer sees one step at a time: the flow without its time axis."""
    flow = call.input
    call.keep(flow[1], f"they lie along the time axis of {call.name}")
    step = Flow(
        (flow.shape[0], *flow.shape[2:]), {a - 1: ids for a, ids in flow.others([1]).items()}
    )
    inner = call.through(call.layer.layer, step, at=("layer", "config"))
    return call.flow({axis + 1: ids for axis, ids in inner.units.items()})


RULES = {
    **dict.fromkeys(_CONVOLUTIONAL, convolutional),
    layers.LSTM: recurrent,
    layers.GRU: recurrent,
    layers.SimpleRNN: recurrent,
    layers.RNN: recurrent,
    layers.Bidirectional: bidirectional,
    layers.TimeDistributed: time_distributed,
}
