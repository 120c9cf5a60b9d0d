"""keras_hub's embeddings: tables that make the residual stream, or any other width."""

from __future__ import annotations

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.transformer import why_kept


def vit_embedding(call: Call) -> Flow:
    """A convolution makes the stream from patches; a class token and positions join it."""
    layer = call.layer
    stream = call.new(layer.hidden_dim)
    call.keep(stream, why_kept(call))
    axis = 1 if layer.data_format == "channels_first" else -1
    call.keep(call.input, why_kept(call))
    call.reads(layer.patch_embedding.kernel, 2, call.input[axis])
    call.writes(layer.patch_embedding.kernel, 3, stream)
    call.writes(layer.patch_embedding.bias, 0, stream)
    call.writes(layer.position_embedding.embeddings, 1, stream)
    if layer.use_class_token:
        call.writes(layer.class_token, 2, stream)
    return call.flow({-1: stream})


def relative_embedding(call: Call) -> Flow:
    """DeBERTa's table of relative positions, as wide as the residual stream."""
    call.keep(call.input, f"{call.name} takes its batch size from them")
    stream = call.new(call.layer.hidden_dim)
    call.keep(stream, f"{call.name} is as wide as the residual stream")
    call.writes(call.layer.rel_embeddings, 1, stream)
    return call.flow({-1: stream})


def reversible_embedding(call: Call) -> Flow:
    """A table that also reads what it has produced, to give a score to each of its rows."""
    layer = call.layer
    if not call.argument("reverse", False):
        units = call.new(layer.output_dim)
        call.writes(layer.embeddings, 1, units)
        call.setting("output_dim", units=units)
        return call.flow({-1: units})
    if layer.tie_weights:
        call.reads(layer.embeddings, 1, call.input[-1])
    else:
        call.reads(layer.reverse_embeddings, 0, call.input[-1])
    return call.flow(call.input.others([-1]))


def position_embedding(call: Call) -> Flow:
    """A table with a row for each position, as wide as what it is called with."""
    units = call.new(call.output_shapes[0][-1] or 0)
    call.same(units, call.input[-1])
    call.writes(call.layer.position_embeddings, 1, units)
    return call.flow({-1: units})


def token_and_position_embedding(call: Call) -> Flow:
    """A table of tokens plus a table of positions."""
    layer = call.layer
    units = call.new(layer.embedding_dim)
    call.writes(layer.token_embedding.embeddings, 1, units)
    call.writes(layer.position_embedding.position_embeddings, 1, units)
    if not layer.token_embedding.tie_weights:
        call.reads(layer.token_embedding.reverse_embeddings, 0, units)
    call.setting("embedding_dim", units=units)
    return call.flow({-1: units})


def t5_layer_norm(call: Call) -> Flow:
    """A root mean square over the residual stream, which is kept whole."""
    call.keep(call.input, f"averaged by {call.name}")
    call.scales(call.layer.weight, 0, call.input[-1])
    return call.flow(call.input.units)
