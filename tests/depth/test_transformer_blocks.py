"""Attention and feed-forward parts, and composite transformer layers, go like other blocks."""

import keras
import numpy as np
from keras import layers

from tests.depth.residual import RNG, of_nothing
from tfprune.depth import plan_layers, prune_layers


class Encoder(layers.Layer):
    """A composite transformer layer, with a mask as a second input."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4)
        self.norm = layers.LayerNormalization()

    def build(self, shape):
        self.attention.build(shape, shape)
        self.norm.build(shape)

    def call(self, x, padding_mask=None):
        return self.norm(x + self.attention(x, x))


def encoders(count=3):
    tokens, mask = keras.Input((5,), name="tokens"), keras.Input((5,), name="mask")
    x = layers.Embedding(10, 8, name="embedding")(tokens)
    for i in range(count):
        x = Encoder(name=f"encoder{i}")(x, padding_mask=mask)
    return keras.Model([tokens, mask], layers.Dense(2, name="head")(x))


TOKENS = [RNG.integers(0, 10, (6, 5)), np.ones((6, 5), "float32")]


def test_a_composite_transformer_layer_is_a_candidate():
    model = encoders()
    plan = plan_layers(model, n=2, data=TOKENS)
    assert len(plan.removed) == 2
    small = plan.apply()
    assert [x.name for x in small.layers if isinstance(x, Encoder)] == [
        row.name for row in plan.rows if not row.remove
    ]
    assert small(TOKENS).shape == (6, 5, 2)


@of_nothing
def test_an_input_that_nothing_reads_any_more_stays_an_input():
    model = encoders(count=1)
    small = prune_layers(model, "encoder0")
    expected = model.get_layer("head")(model.get_layer("embedding")(TOKENS[0]))
    np.testing.assert_array_equal(small(TOKENS), expected)


def transformer(blocks=2):
    inputs = x = keras.Input((5, 8))
    for i in range(blocks):
        attention = layers.MultiHeadAttention(2, 4, name=f"mha{i}")
        y = layers.LayerNormalization()(x)
        x = layers.Add(name=f"attend{i}")([x, attention(y, y)])
        y = layers.Dense(16, "gelu")(layers.LayerNormalization()(x))
        x = layers.Add(name=f"think{i}")([x, layers.Dense(8, name=f"down{i}")(y)])
    return keras.Model(inputs, layers.Dense(2)(layers.LayerNormalization()(x)))


def test_attention_and_feed_forward_are_blocks_of_their_own():
    model = transformer()
    model.get_layer("down0").set_weights([np.zeros((16, 8)), np.zeros(8)])
    x = RNG.normal(size=(3, 5, 8)).astype("float32")
    plan = plan_layers(model, n=1, data=x)
    assert [row.name for row in plan.rows] == ["attend0", "think0", "attend1", "think1"]
    assert plan.removed == ("think0",) and plan.rows[1].score == 0
    np.testing.assert_array_equal(plan.apply()(x), model(x))


def test_a_composite_layer_inside_a_block_goes_only_by_name():
    inputs = keras.Input((5, 8))
    y = layers.Add(name="add")([inputs, Encoder(name="encoder")(inputs)])
    model = keras.Model(inputs, layers.Dense(2)(y))
    plan = plan_layers(model)
    assert plan.rows[1].reason.startswith("it lies inside the block 'add'")
    small = prune_layers(model, "encoder")
    x = RNG.normal(size=(1, 5, 8)).astype("float32")
    np.testing.assert_array_equal(small(x), model.layers[-1](x + x))
