"""Composite layers without a rule are followed through the layers that they call."""

import keras
import numpy as np
from keras import layers

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
