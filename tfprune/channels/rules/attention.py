"""Attention: heads are units of their own."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.units import Ids
from tfprune.keras_internals import gate_of, given_output_shape, projections

layers = keras.layers


def multi_head_attention(call: Call) -> list[Flow]:
    """A head is a slice of the three projections and of the output projection.

    Source: keras/src/layers/attention/multi_head_attention.py, the shapes in `build`.
    """
    layer = call.layer
    shape = given_output_shape(layer) or ()
    if len(shape) > 1:
        return call.unknown("attention that puts out several axes is not followed")
    if call.input.rank != 3 and len(call.output_shapes) > 1:
        return call.unknown("scores of attention over several axes are not followed")
    heads = call.new(layer.num_heads)
    _project(call, heads, heads)
    call.setting("num_heads", units=heads)
    units = call.new(projections(layer)[-1].kernel.shape[-1])
    _output(call, heads, units)
    call.setting("output_shape", units=units)
    return _outputs(call, heads, units)


def group_query_attention(call: Call) -> list[Flow]:
    """A key-value head goes together with the query heads that share it.

    Source: keras/src/layers/attention/grouped_query_attention.py, `build` and the repeated keys.
    """
    layer = call.layer
    shared = layer.num_query_heads // layer.num_key_value_heads
    heads = call.new(layer.num_key_value_heads)
    queries = np.repeat(heads, shared)
    _project(call, queries, heads)
    call.setting("num_key_value_heads", units=heads)
    call.setting("num_query_heads", units=queries)
    units = call.new(projections(layer)[-1].kernel.shape[-1])
    _output(call, queries, units)
    # The layer wants queries and values of one width, and makes its output as wide.
    for name in ("query", "value"):
        call.same(units, _tensor(call, name)[-1])
    return _outputs(call, queries, units)


def _project(call: Call, queries: Ids, heads: Ids) -> None:
    layer = call.layer
    value = _tensor(call, "value")
    query_dense, key_dense, value_dense, _ = projections(layer)
    for dense, data, units in (
        (query_dense, _tensor(call, "query"), queries),
        (key_dense, _tensor(call, "key") or value, heads),
        (value_dense, value, heads),
        (gate_of(layer), _tensor(call, "query"), queries),
    ):
        if dense is not None:
            for along in data.others([-1]).values():
                call.keep(along, f"they lie along an axis that {call.name} mixes")
            call.reads(dense.kernel, 0, data[-1])
            call.writes(dense.kernel, 1, units)
            call.writes(dense.bias, 0, units)


def _output(call: Call, heads: Ids, units: Ids) -> None:
    dense = projections(call.layer)[-1]
    call.reads(dense.kernel, 0, heads)
    call.writes(dense.kernel, 2, units)
    call.writes(dense.bias, 0, units)


def _outputs(call: Call, heads: Ids, units: Ids) -> list[Flow]:
    scores = [call.flow({1: heads}, i) for i in range(1, len(call.output_shapes))]
    return [call.flow({-1: units}), *scores]


def _tensor(call: Call, name: str) -> Any:
    flow = call.argument(name)
    return flow if isinstance(flow, Flow) else None


def dot_product_attention(call: Call) -> list[Flow]:
    """Queries and keys are multiplied, so they go together; the output is made of values."""
    query, value, *rest = call.argument("inputs")
    key = rest[0] if rest else value
    for flow in (query, value, key):
        call.keep(flow[1], f"they lie along an axis that {call.name} mixes")
    call.same(query[-1], key[-1])
    if isinstance(call.layer, layers.AdditiveAttention):
        call.scales(call.layer.scale, 0, query[-1])
    scores = [call.flow({}, i) for i in range(1, len(call.output_shapes))]
    return [call.flow({-1: value[-1]}), *scores]


RULES = {
    layers.MultiHeadAttention: multi_head_attention,
    layers.GroupQueryAttention: group_query_attention,
    layers.Attention: dot_product_attention,
    layers.AdditiveAttention: dot_product_attention,
}
