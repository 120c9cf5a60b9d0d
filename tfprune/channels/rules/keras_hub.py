"""keras_hub's layers: attention heads and the width of the feed-forward part are units.

The layers are found by the path of their class, so that keras_hub need not be installed. What is
inside a composite becomes smaller through `tfprune.surgery.Resized`. The residual stream, on which
every block of a model writes, is kept whole.

Source: keras_hub 0.25 to 0.32, keras_hub/src/layers/modeling and keras_hub/src/models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfprune.channels.call import Call
from tfprune.channels.flow import Flow
from tfprune.channels.rules.activations import check_activation
from tfprune.channels.units import Ids

Rule = Callable[[Call], "Flow | list[Flow]"]
_ELEMENTWISE = {"gelu_approximate", "quick_gelu"}


def transformer_encoder(call: Call) -> list[Flow]:
    """Self-attention and a feed-forward part (Vaswani et al. 2017, arXiv 1706.03762)."""
    layer = call.layer
    stream = _stream(call)
    heads = _attention(call, layer._self_attention_layer, "", stream)
    _feed_forward_of(call, stream)
    scores = [call.flow({1: heads}, i) for i in range(1, len(call.output_shapes))]
    return [call.flow({-1: stream}), *scores]


def transformer_decoder(call: Call) -> list[Flow]:
    """Self-attention, attention to an encoder if there is one, and a feed-forward part."""
    if call.argument("self_attention_cache") is not None:
        return call.unknown("a cache of keys and values is not followed")
    layer = call.layer
    stream = _stream(call)
    _attention(call, layer._self_attention_layer, "", stream)
    if layer._cross_attention_layer is not None:
        source = call.argument("encoder_sequence")
        _attention(call, layer._cross_attention_layer, "", stream, source[-1])
    _feed_forward_of(call, stream)
    return call.flows({-1: stream})


def disentangled_encoder(call: Call) -> list[Flow]:
    """DeBERTa's encoder: its attention reshapes by the width of the stream, so heads stay."""
    attention = call.layer._self_attention_layer
    stream = _stream(call)
    heads = call.new(attention.num_heads)
    call.keep(heads, f"{type(attention).__name__} divides the residual stream by its heads")
    _project(call, attention, heads, stream, stream)
    call.writes(attention._output_dense.kernel, 1, stream)
    call.writes(attention._output_dense.bias, 0, stream)
    _feed_forward_of(call, stream)
    return call.flows({-1: stream})


def vit_encoder(call: Call) -> list[Flow]:
    """All blocks of a vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929)."""
    stream = _stream(call)
    for block in call.layer.encoder_layers:
        _attention(call, block.mha, f"{block.name}/", stream)
        first, second = block.mlp.dense_1, block.mlp.dense_2
        units = _feed_forward(call, [first], second, stream)
        call.inner_setting(f"{block.name}/{block.mlp.name}/{first.name}", "units", units)
        call.inner_setting(f"{block.name}/{block.mlp.name}/{second.name}", "input_dim", units)
    return call.flows({-1: stream})


def vit_embedding(call: Call) -> Flow:
    """A convolution makes the stream from patches; a class token and positions join it."""
    layer = call.layer
    stream = call.new(layer.hidden_dim)
    call.keep(stream, _reason(call))
    axis = 1 if layer.data_format == "channels_first" else -1
    call.keep(call.input, _reason(call))
    call.reads(layer.patch_embedding.kernel, 2, call.input[axis])
    call.writes(layer.patch_embedding.kernel, 3, stream)
    call.writes(layer.patch_embedding.bias, 0, stream)
    call.writes(layer.position_embedding.embeddings, 1, stream)
    if layer.use_class_token:
        call.writes(layer.class_token, 2, stream)
    return call.flow({-1: stream})


def f_net_encoder(call: Call) -> Flow:
    """A Fourier transform in place of attention (Lee-Thorp et al. 2021, arXiv 2105.03824)."""
    layer = call.layer
    stream = _stream(call)
    units = _feed_forward(call, [layer._intermediate_dense], layer._output_dense, stream)
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
    stream = _stream(call, besides=bias)
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
        "intermediate_dim", units=_feed_forward(call, first, layer.output_projector, stream)
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


def _reason(call: Call) -> str:
    return f"the residual stream of {call.name} is kept whole"


def _stream(call: Call, besides: Any = None) -> Ids:
    """Keep whatever flows into a composite, but for one flow, and return what it adds to."""
    for flow in call.inputs:
        if flow is not besides:
            call.keep(flow, _reason(call))
    stream = call.input[-1]
    if stream is None:
        stream = call.new(call.output_shapes[0][-1] or 0)
        call.keep(stream, _reason(call))
    return stream


def _attention(call: Call, attention: Any, at: str, stream: Ids, *source: Ids | None) -> Ids:
    """A Keras MultiHeadAttention between two places of the stream, or from a source to it."""
    heads = call.new(attention._num_heads)
    _project(call, attention, heads, stream, *(source or (stream,)))
    call.reads(attention._output_dense.kernel, 0, heads)
    call.writes(attention._output_dense.kernel, 2, stream)
    call.writes(attention._output_dense.bias, 0, stream)
    call.inner_setting(at + attention.name, "num_heads", heads)
    return heads


def _project(call: Call, attention: Any, heads: Ids, stream: Ids, source: Ids | None) -> None:
    for dense, read in (
        (attention._query_dense, stream),
        (attention._key_dense, source),
        (attention._value_dense, source),
    ):
        call.reads(dense.kernel, 0, read)
        call.writes(dense.kernel, 1, heads)
        call.writes(dense.bias, 0, heads)


def _feed_forward_of(call: Call, stream: Ids) -> None:
    layer = call.layer
    first, second = layer._feedforward_intermediate_dense, layer._feedforward_output_dense
    call.setting("intermediate_dim", units=_feed_forward(call, [first], second, stream))


def _feed_forward(call: Call, first: Sequence[Any], second: Any, stream: Ids) -> Ids:
    """Widen the stream by one layer, or by several that are multiplied, and narrow it again."""
    units = call.new(second.kernel.shape[0])
    for dense in first:
        call.reads(dense.kernel, 0, stream)
        call.writes(dense.kernel, 1, units)
        call.writes(dense.bias, 0, units)
        if getattr(dense.activation, "__name__", "") not in _ELEMENTWISE:
            check_activation(call, dense.activation, units)
    call.reads(second.kernel, 0, units)
    call.writes(second.kernel, 1, stream)
    call.writes(second.bias, 0, stream)
    return units


_LAYERS = "keras_hub.src.layers.modeling."
_MODELS = "keras_hub.src.models."
RULES: dict[str, Rule] = {
    f"{_LAYERS}transformer_encoder.TransformerEncoder": transformer_encoder,
    f"{_LAYERS}transformer_decoder.TransformerDecoder": transformer_decoder,
    f"{_LAYERS}reversible_embedding.ReversibleEmbedding": reversible_embedding,
    "keras.src.layers.core.reversible_embedding.ReversibleEmbedding": reversible_embedding,
    f"{_LAYERS}position_embedding.PositionEmbedding": position_embedding,
    f"{_LAYERS}token_and_position_embedding.TokenAndPositionEmbedding": (
        token_and_position_embedding
    ),
    f"{_LAYERS}f_net_encoder.FNetEncoder": f_net_encoder,
    f"{_MODELS}deberta_v3.disentangled_attention_encoder.DisentangledAttentionEncoder": (
        disentangled_encoder
    ),
    f"{_MODELS}t5.t5_transformer_layer.T5TransformerLayer": t5_layer,
    f"{_MODELS}vit.vit_layers.ViTEncoder": vit_encoder,
    f"{_MODELS}vit.vit_layers.ViTPatchingAndEmbedding": vit_embedding,
}
