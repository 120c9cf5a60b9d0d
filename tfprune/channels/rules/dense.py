"""Dense, EinsumDense, Embedding."""

from __future__ import annotations

import keras

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.activations import check_activation


def dense(call: Call) -> Flow:
    """Sum over the last axis, produce a new last axis."""
    layer = call.layer
    units = call.new(layer.units)
    call.reads(layer.kernel, 0, call.input[-1])
    call.writes(layer.kernel, 1, units)
    call.writes(layer.bias, 0, units)
    call.setting("units", units=units)
    check_activation(call, layer.activation, units)
    return call.flow({**call.input.others([-1]), -1: units})


def einsum_dense(call: Call) -> Flow:
    """Sum over the axes that the equation drops, produce those that it adds."""
    layer = call.layer
    data, kernel, output = _letters(layer.equation, call.input.rank)
    flow = {}
    for axis, letter in enumerate(kernel):
        if letter not in data:
            units = call.new(layer.kernel.shape[axis])
            place = output.index(letter)
            flow[place] = units
            call.writes(layer.kernel, axis, units)
            call.setting("output_shape", place - 1, units=units)
        elif letter not in output:
            call.reads(layer.kernel, axis, call.input[data.index(letter)])
        else:
            call.keep(call.input[data.index(letter)], f"a batch axis of {call.name}")
    for axis, letter in enumerate(layer.bias_axes or ""):
        call.writes(layer.bias, axis, flow[output.index(letter)])
    for axis, units in call.input.units.items():
        if data[axis] in output and data[axis] not in kernel:
            flow[output.index(data[axis])] = units
    for units in flow.values():
        check_activation(call, layer.activation, units)
    return call.flow(flow)


def _letters(equation: str, rank: int) -> tuple[str, str, str]:
    """Split an equation into its three terms, an ellipsis written out as capital letters."""
    terms, output = equation.replace(" ", "").split("->")
    data, kernel = terms.split(",")
    free = "".join(chr(ord("A") + i) for i in range(rank - len(data.replace("...", ""))))
    return data.replace("...", free), kernel.replace("...", ""), output.replace("...", free)


def embedding(call: Call) -> Flow:
    """Produce the last axis from a table."""
    layer = call.layer
    units = call.new(layer.output_dim)
    call.writes(layer.embeddings, 1, units)
    call.setting("output_dim", units=units)
    return call.flow({-1: units})


RULES = {
    keras.layers.Dense: dense,
    keras.layers.EinsumDense: einsum_dense,
    keras.layers.Embedding: embedding,
}
