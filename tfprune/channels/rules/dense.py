"""Dense, EinsumDense, Embedding."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.elementwise import activated
from tfprune.channels.units import Ids
from tfprune.keras_facts import Einsum, op_name
from tfprune.keras_internals import node_behind


def dense(call: Call) -> Flow:
    """Sum over the last axis, produce a new last axis."""
    layer = call.layer
    units = call.new(layer.units)
    call.reads(layer.kernel, 0, call.input[-1])
    call.writes(layer.kernel, 1, units)
    call.writes(layer.bias, 0, units)
    call.setting("units", units=units)
    return activated(call, layer.activation, call.flow({**call.input.others([-1]), -1: units}))


def einsum_dense(call: Call) -> Flow:
    """Sum over the axes that the equation drops, produce those that it adds."""
    layer = call.layer
    equation = Einsum.parse(layer.equation, [call.input.rank])
    (data, kernel), output = equation.operands, equation.output
    kernel = tuple(label for label in kernel if label != "...")
    flow: dict[int, Ids | None] = {
        a: call.input[data.index(letter)] for a, letter in enumerate(output) if letter in data
    }
    new: dict[int, Ids] = {}
    for axis, letter in enumerate(kernel):
        if letter not in output:
            call.reads(layer.kernel, axis, call.input[data.index(letter)])
        elif letter in data:  # it acts on the units one by one
            call.scales(layer.kernel, axis, call.input[data.index(letter)])
        else:
            new[output.index(letter)] = units = call.new(layer.kernel.shape[axis])
            call.writes(layer.kernel, axis, units)
    flow.update(new)
    # The bias has an axis for each letter of the output from its first one on.
    places = [output.index(letter) for letter in layer.bias_axes or ""]
    for place in places:
        bind: Any = call.writes if place in new else call.scales
        bind(layer.bias, place - min(places), flow[place])
    for axis, ids in flow.items():
        _count(call, output[axis], ids)
    return activated(call, layer.activation, call.flow(flow))


def _count(call: Call, letter: str, units: Ids | None) -> None:
    """Say which entry of `output_shape` counts the units of a letter; an ellipsis has none."""
    output = Einsum.parse(call.layer.equation).output
    letters = [label for label in output if label != "..."]
    # An ellipsis in front stands for the batch, else the first letter does.
    place = letters.index(letter) - (output[0] != "...") if letter in letters else -1
    declared = call.layer.get_config()["output_shape"]
    declared = (declared,) if isinstance(declared, int) else declared
    if place >= 0 and declared[place] is not None:
        call.setting("output_shape", place, units=declared[place] if units is None else units)


def embedding(call: Call) -> Flow:
    """Produce the last axis from a table; all its rows may be the weight of an unfolded layer."""
    layer = call.layer
    units = call.new(layer.output_dim)
    call.setting("output_dim", units=units)
    if not call.input.rank:  # one row, always the same: a weight by unit
        call.scales(layer.embeddings, 1, units)
        return call.flow({-1: units})
    call.writes(layer.embeddings, 1, units)
    if not _reads_all_rows(call):
        call.keep(call.input, f"read as numbers of rows by {call.name}")
        return call.flow({-1: units})
    rows = call.new(layer.input_dim)
    call.reads(layer.embeddings, 0, rows)
    call.setting("input_dim", units=rows)
    call.rewrite(lambda kept, op, args, kwargs: op(args[0][(slice(0, kept.count(rows)),)]))
    return call.flow({0: rows, -1: units})


def _reads_all_rows(call: Call) -> bool:
    """Whether the input is 0, 1, 2, … and a zero: a weight of a layer that was unfolded."""
    behind = None if call.node is None else node_behind(call.node.input_tensors[0])
    if behind is None or op_name(behind.operation) != "Add":
        return False
    numbers, zero = behind.arguments.args
    maker = node_behind(zero) if isinstance(zero, keras.KerasTensor) else None
    rows = np.arange(call.layer.input_dim)
    return (
        maker is not None
        and op_name(maker.operation) == "ZerosLike"
        and not isinstance(numbers, keras.KerasTensor)
        and np.array_equal(numbers, rows)
    )


RULES = {
    keras.layers.Dense: dense,
    keras.layers.EinsumDense: einsum_dense,
    keras.layers.Embedding: embedding,
}
