"""Attention: heads are units, and so is the width on either side."""

import inspect

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace
from tfprune.errors import PruneError


def sequence(width=6):
    """A sequence of vectors that a Dense layer `embed` makes."""
    vectors = keras.Input((5, 3))
    return vectors, layers.Dense(width, name="embed")(vectors)


def headed(vectors, x):
    return keras.Model(vectors, layers.Dense(2, name="head")(x))


def attended(layer, width=6):
    vectors, x = sequence(width)
    return headed(vectors, layer(x, x))


def sizes(model):
    return [line.split(":")[0] for line in prunable(model)]


def test_heads_of_self_attention_are_slices_of_its_four_projections():
    model = attended(layers.MultiHeadAttention(4, 2, name="attn"))
    embed, heads, output = prunable(model)
    assert embed == (
        "embed 6: writes embed/kernel[1] embed/bias[0]; "
        "reads attn/query/kernel[0] attn/key/kernel[0] attn/value/kernel[0]"
    )
    assert heads == (
        "attn/query 4: writes attn/query/kernel[1] attn/query/bias[0] attn/key/kernel[1] "
        "attn/key/bias[0] attn/value/kernel[1] attn/value/bias[0]; "
        "reads attn/attention_output/kernel[0]"
    )
    assert output == (
        "attn/attention_output 6: writes attn/attention_output/kernel[2] "
        "attn/attention_output/bias[0]; reads head/kernel[0]"
    )
    small = check(model).get_layer("attn")
    assert (small.num_heads, small.key_dim) == (2, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"value_dim": 3},
        {"output_shape": 4},
        {"output_shape": (4,)},
        {"use_bias": False},
        {"dropout": 0.5},
        {"value_dim": 3, "output_shape": 8, "use_bias": False},
    ],
)
def test_attention_with_other_options(options):
    model = attended(layers.MultiHeadAttention(4, 2, name="attn", **options))
    assert len(sizes(model)) == 3
    check(model)


def test_cross_attention_reads_two_widths():
    first, x = sequence()
    second = keras.Input((7, 3))
    memory = layers.Dense(8, name="memory")(second)
    y = layers.MultiHeadAttention(4, 2, name="attn")(x, memory)
    model = headed([first, second], layers.Add()([x, y]))
    assert sizes(model) == ["embed 6", "memory 8", "attn/query 4"]
    check(model)


def test_attention_with_a_key_of_its_own_by_name():
    vectors, x = sequence()
    key = layers.Dense(8, name="other")(vectors)
    y = layers.MultiHeadAttention(4, 2)(value=x, query=x, key=key, use_causal_mask=True)
    assert "other 8" in sizes(headed(vectors, y))
    check(headed(vectors, y))


def test_attention_scores_carry_the_heads():
    vectors, x = sequence()
    y, scores = layers.MultiHeadAttention(4, 2, name="attn")(x, x, return_attention_scores=True)
    weights = layers.Dense(2)(layers.Flatten()(scores))
    model = keras.Model(vectors, [layers.Dense(2, name="head")(y), weights])
    assert sizes(model)[1] == "attn/query 4"
    check(model)


def test_attention_on_the_input_of_the_model_keeps_its_width():
    vectors = keras.Input((5, 6))
    y = layers.MultiHeadAttention(4, 2, name="attn")(vectors, vectors)
    model = headed(vectors, layers.Add(name="add")([vectors, y]))
    assert sizes(model) == ["attn/query 4"]
    assert kept(model) == {"attn/attention_output": "goes together with a fixed width in add"}
    check(model)


def test_lora_inside_attention_is_seen():
    vectors, x = sequence()
    layer = layers.MultiHeadAttention(4, 2, name="attn")
    model = headed(vectors, layer(x, x))
    layer._query_dense.enable_lora(2)
    assert notes(model) == [
        "attn: its LoRA weights are added to its kernel: tfprune.training.merge_lora(model) first"
    ]


def test_a_layer_whose_config_does_not_tell_its_weights_is_refused():
    vectors, x = sequence()
    layer = layers.MultiHeadAttention(4, 2, name="attn")
    model = headed(vectors, layer(x, x))
    layer._query_dense.enable_lora(2)
    with pytest.raises(PruneError, match="copy the layer 'attn'"):
        check(model)


@pytest.mark.parametrize("axes", [None, (2,)])
def test_attention_over_an_image_or_its_rows_loses_heads_and_width(axes):
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(6, 1, name="conv")(image)
    y = layers.MultiHeadAttention(4, 2, attention_axes=axes, name="attn")(x, x)
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(y)))
    assert [line.split(":")[0] for line in prunable(model)] == [
        "conv 6",
        "attn/query 4",
        "attn/attention_output 6",
    ]
    check(model)


def test_attention_along_the_sequence_keeps_its_length():
    vectors, x = sequence()
    turned = layers.Permute((2, 1))(x)
    model = headed(vectors, layers.MultiHeadAttention(2, 2, name="attn")(turned, turned))
    assert kept(model)["embed"] == "they lie along an axis that attn mixes"
    check(model)


def test_a_transformer_block():
    vectors, x = sequence(8)
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(4, 2, name="attn")(y, y)
    y = layers.Dense(16, "gelu", name="up")(layers.LayerNormalization()(x))
    x = x + layers.Dense(8, name="down")(y)
    model = headed(vectors, layers.LayerNormalization()(x))
    assert sizes(model) == ["embed 8", "attn/query 4", "up 16"]
    check(model)


@pytest.mark.parametrize("queries, keys", [(4, 2), (6, 3), (4, 4), (4, 1)])
def test_query_heads_go_with_the_key_head_that_they_share(queries, keys):
    layer = layers.GroupQueryAttention(2, queries, keys, name="gqa")
    model = attended(layer)
    heads = next(group for group in trace(model).groups if group.name == "gqa/query")
    units = np.repeat(np.arange(keys), queries // keys).tolist()
    assert heads.members[0].units.tolist() == units
    small = check(model).get_layer("gqa")
    assert small.num_query_heads == small.num_key_value_heads * queries // keys


def test_group_query_attention_is_as_wide_as_its_query_and_its_value():
    vectors, x = sequence()
    memory = layers.Dense(6, name="memory")(vectors)
    layer = layers.GroupQueryAttention(2, 4, 2, name="gqa", use_bias=False)
    model = headed(vectors, layer(x, memory))
    assert sorted(sizes(model)) == ["embed 6", "gqa/query 2"]
    check(model)


@pytest.mark.parametrize("kind", [layers.Attention, layers.AdditiveAttention])
def test_queries_and_keys_of_plain_attention_go_together(kind):
    vectors, x = sequence()
    key = layers.Dense(6, name="key")(vectors)
    value = layers.Dense(4, name="value")(vectors)
    for tensors, groups in [
        ([x, value, key], ["embed 6", "value 4"]),
        ([x, key], ["embed 6"]),
    ]:
        model = headed(vectors, kind(name="attn")(tensors))
        assert sorted(sizes(model)) == groups
        check(model)


@pytest.mark.skipif(
    "use_gate" not in inspect.signature(layers.GroupQueryAttention).parameters,
    reason="Keras before 3.13 has no gate",
)
def test_group_query_attention_with_a_gate():
    model = attended(layers.GroupQueryAttention(2, 4, 2, use_gate=True, name="gqa"))
    assert sizes(model) == ["embed 6", "gqa/query 2"]
    check(model)


def test_plain_attention_with_a_scale_of_its_own():
    vectors, x = sequence()
    check(headed(vectors, layers.Attention(use_scale=True)([x, x])))
    check(headed(vectors, layers.Attention(score_mode="dot")([x, x])))
    check(headed(vectors, layers.AdditiveAttention(use_scale=False)([x, x])))


def test_concat_scores_of_attention_are_not_linear_but_go_together():
    vectors, x = sequence()
    model = headed(vectors, layers.Attention(score_mode="concat", use_scale=True)([x, x]))
    check(model)


def test_a_mask_goes_through_the_smaller_model():
    tokens = keras.Input((6,), dtype="int32")
    x = layers.Embedding(5, 6, mask_zero=True, name="embed")(tokens)
    x = x + layers.MultiHeadAttention(2, 2)(x, x)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    model = headed(tokens, x)
    assert sizes(model)[0] == "embed 6"
    check(model)
