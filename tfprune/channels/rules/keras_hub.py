"""keras_hub's layers: attention heads and the width of the feed-forward part are units.

The layers are found by the path of their class, so that keras_hub need not be installed. What is
inside a composite becomes smaller through `tfprune.surgery.Resized`. The residual stream, on which
every block of a model writes, is kept whole.

Source: keras_hub 0.25 to 0.32, keras_hub/src/layers/modeling and keras_hub/src/models.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfprune import keras_internals as internals
from tfprune.channels.call import Call, FlowRule
from tfprune.channels.flow import Flow
from tfprune.channels.rules import embeddings
from tfprune.channels.rules.transformer import attend, feed_forward, projected, residual_stream
from tfprune.channels.units import Ids


def transformer_encoder(call: Call) -> list[Flow]:
    """Self-attention and a feed-forward part (Vaswani et al. 2017, arXiv 1706.03762)."""
    layer = call.layer
    stream = residual_stream(call)
    heads = attend(call, internals.self_attention(layer), "", stream)
    _feed_forward_of(call, stream)
    scores = [call.flow({1: heads}, i) for i in range(1, len(call.output_shapes))]
    return [call.flow({-1: stream}), *scores]


def transformer_decoder(call: Call) -> list[Flow]:
    """Self-attention, attention to an encoder if there is one, and a feed-forward part."""
    if call.argument("self_attention_cache") is not None:
        return call.unknown("a cache of keys and values is not followed")
    layer = call.layer
    stream = residual_stream(call)
    attend(call, internals.self_attention(layer), "", stream)
    cross = internals.cross_attention(layer)
    if cross is not None:
        source = call.argument("encoder_sequence")
        attend(call, cross, "", stream, source[-1])
    _feed_forward_of(call, stream)
    return call.flows({-1: stream})


def disentangled_encoder(call: Call) -> list[Flow]:
    """DeBERTa's encoder: its attention reshapes by the width of the stream, so heads stay."""
    attention = internals.self_attention(call.layer)
    stream = residual_stream(call)
    heads = call.new(attention.num_heads)
    call.keep(heads, f"{type(attention).__name__} divides the residual stream by its heads")
    output = projected(call, attention, heads, stream, stream)
    call.writes(output.kernel, 1, stream)
    call.writes(output.bias, 0, stream)
    _feed_forward_of(call, stream)
    return call.flows({-1: stream})


def vit_encoder(call: Call) -> list[Flow]:
    """All blocks of a vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929)."""
    stream = residual_stream(call)
    for block in call.layer.encoder_layers:
        attend(call, block.mha, f"{block.name}/", stream)
        first, second = block.mlp.dense_1, block.mlp.dense_2
        units = feed_forward(call, [first], second, stream)
        call.inner_setting(f"{block.name}/{block.mlp.name}/{first.name}", "units", units)
        call.inner_setting(f"{block.name}/{block.mlp.name}/{second.name}", "input_dim", units)
    return call.flows({-1: stream})


def f_net_encoder(call: Call) -> Flow:
    """A Fourier transform in place of attention (Lee-Thorp et al. 2021, arXiv 2105.03824)."""
    stream = residual_stream(call)
    first, second = internals.f_net_feed_forward(call.layer)
    units = feed_forward(call, [first], second, stream)
    call.setting("intermediate_dim", units=units)
    return call.flow({-1: stream})


def t5_layer(call: Call) -> list[Flow]:
    """T5's layer: heads share a bias by position, which the first layer gives to the others.

    Source: Raffel et al. 2020, arXiv 1910.10683; keras_hub/src/models/t5.
    """
    if call.argument("self_attention_cache") is not None:
        return call.unknown("a cache of keys and values is not followed")
    layer = call.layer
    bias = call.argument("position_bias")
    stream = residual_stream(call, besides=bias)
    heads = _t5_attention(call, layer.self_attention, stream, stream)
    if isinstance(bias, Flow):
        call.same(heads, bias[1])
    if layer.is_decoder:
        source = call.argument("encoder_hidden_states")
        _t5_attention(call, layer.cross_attention, stream, source[-1])
    first = [layer.input_projector]
    if layer.use_gated_activation:
        first.append(layer.gate_projector)
    call.setting(
        "intermediate_dim", units=feed_forward(call, first, layer.output_projector, stream)
    )
    return [call.flow({-1: stream}), call.flow({1: heads}, 1)]


def _t5_attention(call: Call, attention: Any, stream: Ids, source: Ids | None) -> Ids:
    heads = call.new(attention.num_heads)
    places = np.repeat(heads, attention.key_value_dim)
    for dense, read in (
        (attention.query_projector, stream),
        (attention.key_projector, source),
        (attention.value_projector, source),
    ):
        call.reads(dense.kernel, 0, read)
        call.writes(dense.kernel, 1, places)
    call.reads(attention.output_projector.kernel, 0, places)
    call.writes(attention.output_projector.kernel, 1, stream)
    if attention.use_relative_attention_bias:
        call.writes(attention.relative_attention_bias, 1, heads)
    call.setting("num_heads", units=heads)
    return heads


def _feed_forward_of(call: Call, stream: Ids) -> None:
    first, second = internals.feed_forward(call.layer)
    call.setting("intermediate_dim", units=feed_forward(call, [first], second, stream))


_KERAS = "keras.src.layers.core."
_LAYERS = "keras_hub.src.layers.modeling."
_MODELS = "keras_hub.src.models."
RULES: dict[str, FlowRule] = {
    f"{_LAYERS}transformer_encoder.TransformerEncoder": transformer_encoder,
    f"{_LAYERS}transformer_decoder.TransformerDecoder": transformer_decoder,
    f"{_LAYERS}reversible_embedding.ReversibleEmbedding": embeddings.reversible_embedding,
    f"{_KERAS}reversible_embedding.ReversibleEmbedding": embeddings.reversible_embedding,
    f"{_LAYERS}position_embedding.PositionEmbedding": embeddings.position_embedding,
    f"{_LAYERS}token_and_position_embedding.TokenAndPositionEmbedding": (
        embeddings.token_and_position_embedding
    ),
    f"{_LAYERS}f_net_encoder.FNetEncoder": f_net_encoder,
    f"{_MODELS}deberta_v3.disentangled_attention_encoder.DisentangledAttentionEncoder": (
        disentangled_encoder
    ),
    f"{_MODELS}deberta_v3.relative_embedding.RelativeEmbedding": embeddings.relative_embedding,
    f"{_MODELS}t5.t5_layer_norm.T5LayerNorm": embeddings.t5_layer_norm,
    f"{_MODELS}t5.t5_transformer_layer.T5TransformerLayer": t5_layer,
    f"{_MODELS}vit.vit_layers.ViTEncoder": vit_encoder,
    f"{_MODELS}vit.vit_layers.ViTPatchingAndEmbedding": embeddings.vit_embedding,
}
