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
    plan = plan_layers(model, n=1, data=x, halves=True)
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


def test_attention_and_the_feed_forward_part_behind_it_go_as_one_layer():
    model = transformer(3)
    x = RNG.normal(size=(3, 5, 8)).astype("float32")
    model.get_layer("mha1").set_weights([w * 0 for w in model.get_layer("mha1").get_weights()])
    model.get_layer("down1").set_weights([np.zeros((16, 8)), np.zeros(8)])
    plan = plan_layers(model, n=1, data=x)
    assert [row.name for row in plan.rows] == [f"attend{i}+think{i}" for i in range(3)]
    assert plan.removed == ("attend1+think1",) and plan.rows[1].score == 0
    np.testing.assert_array_equal(plan.apply()(x), model(x))
    by_name = prune_layers(model, "attend1+think1")
    np.testing.assert_array_equal(by_name(x), model(x))


def test_a_half_that_is_named_goes_alone_and_both_halves_are_the_layer():
    model = transformer()
    assert plan_layers(model, "attend0").removed == ("attend0",)
    assert plan_layers(model, ["attend0", "think0"]).removed == ("attend0+think0",)
    assert plan_layers(model, n=1, data=np.ones((1, 5, 8)), keep="think0").removed == (
        "attend1+think1",
    )


def post_norm():
    inputs = keras.Input((5, 8))
    x = layers.LayerNormalization(name="first")(inputs)
    for i in range(2):
        y = layers.MultiHeadAttention(2, 4)(x, x)
        x = layers.LayerNormalization(name=f"a{i}")(layers.Add(name=f"attend{i}")([x, y]))
        y = layers.Dense(8)(layers.Dense(16, "relu")(x))
        x = layers.LayerNormalization(name=f"b{i}")(layers.Add(name=f"think{i}")([y, x]))
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


def test_a_layer_with_its_norms_behind_takes_them_along():
    model = post_norm()
    x = RNG.normal(size=(3, 5, 8)).astype("float32")
    small = prune_layers(model, ["attend0+think0", "attend1+think1"])
    assert [layer.name for layer in small.layers[1:]] == ["first", "head"]
    expected = model.get_layer("head")(model.get_layer("first")(x))
    np.testing.assert_array_equal(small(x), expected)


def test_what_is_read_between_the_halves_keeps_them_apart():
    model = transformer()
    peeked = keras.Model(model.inputs, [model.outputs[0], model.get_layer("attend0").output])
    names = [row.name for row in plan_layers(peeked).rows]
    assert names == ["attend0", "think0", "attend1+think1"]


def test_a_block_of_convolutions_behind_attention_is_no_feed_forward_part():
    inputs = keras.Input((5, 8))
    x = layers.Add(name="attend")([inputs, layers.MultiHeadAttention(2, 4)(inputs, inputs)])
    x = layers.Add(name="mix")([x, layers.Conv1D(8, 3, padding="same")(x)])
    model = keras.Model(inputs, layers.Dense(2)(x))
    assert [row.name for row in plan_layers(model).rows] == ["attend", "mix"]


def test_the_scores_of_whole_layers_are_those_of_the_model_without_them():
    model, x = post_norm(), RNG.normal(size=(3, 5, 8)).astype("float32")
    y = np.zeros((3, 5, 2), "float32")
    plan = plan_layers(model, n=1, data=(x, y), criterion="loss", loss="mse")
    whole = np.mean(model(x) ** 2)
    for row in plan.rows:
        change = np.mean(prune_layers(model, row.name)(x) ** 2) - whole
        np.testing.assert_allclose(row.score, change, rtol=1e-3, atol=1e-5)
