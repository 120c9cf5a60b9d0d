"""Composite layers without a rule are followed through the layers that they call."""

import keras
import numpy as np
from keras import layers, ops

import tfprune
from tests.blocks import Inverted
from tests.channels.checks import check, notes, prunable


class Noisy(Inverted):
    def call(self, x, training=None):
        return super().call(x) if training else x + x


def network(block):
    x = inputs = keras.Input((8, 8, 3))
    x = block(layers.Conv2D(4, 3, name="stem")(x))
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x)))


def test_channels_inside_a_composite_and_on_its_shortcut_are_groups():
    stream, wide = prunable(network(Inverted(name="block")))
    assert stream.startswith("stem 4: writes stem/kernel[3] stem/bias[0] block/project/kernel[3]")
    assert wide == (
        "block/expand 6: writes block/expand/kernel[3]; "
        "scales block/norm/gamma[0] block/norm/beta[0] block/norm/moving_mean[0] "
        "block/norm/moving_variance[0]; reads block/project/kernel[2]"
    )


def test_a_composite_loses_channels_and_what_comes_out_is_plain_keras():
    small = check(network(Inverted(name="block")), ratio=0.5)
    block = small.get_layer("block")
    assert type(block).__module__.startswith("keras.")
    assert (block.get_layer("expand").filters, block.get_layer("project").filters) == (3, 2)


def test_a_composite_that_cannot_be_unfolded_stays_with_both_reasons():
    assert notes(network(Noisy(name="block"))) == [
        "block: no flow rule for Noisy; a custom layer can declare one as channel_flow(call); "
        "it was not unfolded: its call goes another way in training"
    ]


def test_a_composite_and_the_layers_inside_it_go_by_their_names():
    model = network(Inverted(name="block"))
    assert tfprune.plan_structured(model, {"block": 0.5}).removed == 3 + 2
    kept = tfprune.plan_structured(model, 0.5, keep=["block/expand"])
    assert [row.reason for row in kept.rows if row.group == "block/expand"] == ["named in keep"]


def test_criteria_that_need_a_loss_take_the_loss_of_the_given_model():
    model = network(Inverted(name="block"))
    model.compile(loss="mse")
    data = np.ones((4, 8, 8, 3), "float32"), np.ones((4, 2), "float32")
    plan = tfprune.plan_structured(model, 0.5, tfprune.criteria.Taylor(data))
    assert plan.removed == 3 + 2


class WindowAttention(layers.Layer):
    """Attention in windows of a feature map, as Swin's (arXiv:2103.14030) code is often written."""

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads
        self.qkv = layers.Dense(12, name="qkv")
        self.project = layers.Dense(4, name="project")

    def call(self, image):
        height, width, channels = image.shape[1:]
        x = ops.reshape(image, (-1, height // 2, 2, width // 2, 2, channels))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 4, channels))
        x = self.attend(x, ops.shape(x)[0], channels)
        x = ops.reshape(x, (-1, height // 2, width // 2, 2, 2, channels))
        return image + ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, *image.shape[1:]))

    def attend(self, x, batch, channels):
        x = ops.reshape(self.qkv(x), (batch, 4, 3, self.heads, channels // self.heads))
        query, key, value = ops.unstack(ops.transpose(x, (2, 0, 3, 1, 4)))
        scores = ops.softmax(query @ ops.swapaxes(key, -1, -2))
        x = ops.transpose(scores @ value, (0, 2, 1, 3))
        return self.project(ops.reshape(x, (batch, -1, channels)))


def test_windowed_attention_of_a_block_loses_channels_and_the_width_of_its_heads():
    model = network(WindowAttention(heads=2, name="block"))
    stream, width = prunable(model)
    assert stream.startswith("stem 4: writes stem/kernel[3]")
    assert width.startswith("block/qkv 2: writes block/qkv/kernel[1] block/qkv/bias[0]; reads")
    block = check(model).get_layer("block")
    assert block.get_layer("qkv").units == 3 * 2 * 1


class Tokens(layers.Layer):
    """Embedded tokens, to which an embedding of their places is added."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tokens = layers.Embedding(5, 8, name="tokens")
        self.places = layers.Embedding(6, 8, name="places")

    def call(self, x):
        return self.tokens(x) + self.places(ops.arange(x.shape[-1]))


class TransformerBlock(layers.Layer):
    """Attention and two Dense layers, each with a shortcut and a normalization."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4, name="attention")
        self.dense = keras.Sequential([layers.Dense(12, "relu"), layers.Dense(8)], name="dense")
        self.norms = [layers.LayerNormalization(), layers.LayerNormalization()]
        self.dropout = layers.Dropout(0.1)

    def call(self, x):
        x = self.norms[0](x + self.dropout(self.attention(x, x)))
        return self.norms[1](x + self.dropout(self.dense(x)))


def test_a_text_classifier_of_own_blocks_loses_width_heads_and_neurons():
    tokens = keras.Input((6,), dtype="int32")
    x = TransformerBlock(name="block")(Tokens(name="embed")(tokens))
    model = keras.Model(tokens, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))
    assert [line.split(": ")[0] for line in prunable(model)] == [
        "embed/tokens 8",
        "block/attention/query 2",
        "block/dense 12",
    ]
    assert check(model).count_params() < 0.4 * model.count_params()
