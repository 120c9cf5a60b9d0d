"""The calls inside a call: of a model, of a wrapper over time, of any layer made of others."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from tfprune.counts.calls import Call, first_argument, graph_calls, output_specs, unfolded_calls
from tfprune.counts.layer_rules import unknown_cell
from tfprune.counts.shapes import Uncounted, product
from tfprune.counts.traced import traced_calls
from tfprune.graph import is_graph
from tfprune.keras_internals import layers_of


def calls_inside(call: Call) -> tuple[list[Call], int]:
    """Return the calls that one call of a layer makes, and how often it makes them.

    Raises:
        Uncounted: they can't be known.
    """
    layer = call.operation
    if is_graph(layer):
        return graph_calls(layer, first_argument(call.args, call.kwargs))[0], 1
    if isinstance(layer, layers.Bidirectional):
        sequences = call.inputs[:1]
        return [_called(part, sequences) for part in (layer.forward_layer, layer.backward_layer)], 1
    if isinstance(layer, layers.TimeDistributed):
        return [_called(layer.layer, [_one_step(call)])], _steps(call)
    if unknown_cell(layer):
        sizes = keras.tree.flatten(layer.cell.state_size)
        states = [keras.KerasTensor((1, size)) for size in sizes]
        return [_called(layer.cell, [_one_step(call), states])], _steps(call)
    for tensor in call.inputs:
        product(tensor.shape)  # an open size would be refused deep inside, or worse, not
    unbuilt = [part.name for part in layers_of(layer) if not part.built]
    if unbuilt:  # calling it would build it
        raise Uncounted(f"the layer {unbuilt[0]!r} inside it is not built")
    try:
        return unfolded_calls(layer, call.args, call.kwargs), 1
    except Uncounted:
        return traced_calls(layer, call.args, call.kwargs), 1


def _called(layer: Any, args: list[Any]) -> Call:
    return Call(layer, tuple(args), {}, output_specs(layer, args, {}))


def _steps(call: Call) -> int:
    return product(call.inputs[0].shape[1:2])


def _one_step(call: Call) -> Any:
    sequences = call.inputs[0]
    return keras.KerasTensor((sequences.shape[0], *sequences.shape[2:]), sequences.dtype)
