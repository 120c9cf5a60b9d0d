"""Normalization layers: weights for each unit, statistics of one, some or all."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, kept, prunable
from tfprune.channels import Call, trace


def normalized(*stack, filters=8):
    x = image = keras.Input((4, 4, 3))
    x = layers.Conv2D(filters, 1, name="conv")(x)
    for layer in stack:
        x = layer(x)
    return keras.Model(image, layers.Dense(2, name="head")(layers.Flatten()(x)))


CONV = "conv 8: writes conv/kernel[3] conv/bias[0]"


def test_batch_normalization_has_four_weights_for_each_channel():
    model = normalized(layers.BatchNormalization(name="norm"))
    assert prunable(model) == [
        f"{CONV}; scales norm/gamma[0] norm/beta[0] norm/moving_mean[0] norm/moving_variance[0]; "
        "reads head/kernel[0]"
    ]
    check(model)
    check(normalized(layers.BatchNormalization(scale=False, center=False)))


@pytest.mark.parametrize(
    "norm, weights",
    [
        (layers.LayerNormalization(name="norm"), " norm/gamma[0] norm/beta[0]"),
        (layers.LayerNormalization(name="norm", scale=False), " norm/beta[0]"),
        (layers.LayerNormalization(name="norm", center=False), " norm/gamma[0]"),
        (layers.LayerNormalization(name="norm", axis=(2, 3)), " norm/gamma[1] norm/beta[1]"),
        (layers.LayerNormalization(name="norm", axis=[1, 2, 3]), " norm/gamma[2] norm/beta[2]"),
        (layers.LayerNormalization(name="norm", rms_scaling=True), " norm/gamma[0]"),
        (layers.RMSNormalization(name="norm"), " norm/scale[0]"),
        (layers.GroupNormalization(1, name="norm"), " norm/gamma[0] norm/beta[0]"),
        (layers.GroupNormalization(-1, name="norm"), " norm/gamma[0] norm/beta[0]"),
        (layers.GroupNormalization(8, name="norm", scale=False), " norm/beta[0]"),
    ],
)
def test_normalization_scales_each_channel(norm, weights):
    model = normalized(norm)
    assert prunable(model) == [f"{CONV}; scales{weights}; reads head/kernel[0]"]
    check(model)


def test_normalization_over_other_axes_leaves_the_channels_alone():
    model = normalized(layers.LayerNormalization(axis=1))
    assert prunable(model) == [f"{CONV}; reads head/kernel[0]"]
    check(model)


def test_group_normalization_loses_whole_groups():
    model = normalized(layers.GroupNormalization(2, name="norm"))
    [group, _] = trace(model).groups
    assert group.members[0].units.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert check(model).get_layer("norm").groups == 1


def test_instance_normalization_loses_single_channels():
    small = check(normalized(layers.GroupNormalization(8, name="norm"))).get_layer("norm")
    assert (small.groups, small.gamma.shape) == (4, (4,))


def test_unit_normalization_has_no_weights():
    model = normalized(layers.UnitNormalization())
    assert prunable(model) == [f"{CONV}; reads head/kernel[0]"]
    check(model)


def test_statistics_of_adapted_normalization_are_kept():
    norm = layers.Normalization(name="norm", mean=np.arange(8.0), variance=np.ones(8))
    model = normalized(norm)
    assert kept(model) == {"conv": "adapted to its data by norm"}
    check(model)


def test_prelu_has_a_slope_at_every_place():
    model = normalized(layers.PReLU("uniform", name="slope"))
    assert prunable(model) == [f"{CONV}; scales slope/alpha[2]; reads head/kernel[0]"]
    check(model)


def test_prelu_with_shared_axes():
    model = normalized(layers.PReLU("uniform", shared_axes=[1, 2], name="slope"))
    assert prunable(model) == [f"{CONV}; scales slope/alpha[2]; reads head/kernel[0]"]
    check(model)
    shared = normalized(layers.PReLU("uniform", shared_axes=[1, 2, 3], name="slope"))
    assert prunable(shared) == [f"{CONV}; reads head/kernel[0]"]
    check(shared)


class LayerScale(layers.Layer):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(shape[-1],), initializer="uniform", name="gamma")

    def call(self, x):
        return x * self.gamma

    def channel_flow(self, call: Call):
        call.scales(self.gamma, 0, call.input[-1])
        return call.input


def test_a_custom_layer_declares_how_its_channels_flow():
    model = normalized(LayerScale(name="scale"))
    assert prunable(model) == [f"{CONV}; scales scale/gamma[0]; reads head/kernel[0]"]
    check(model, custom_objects={"LayerScale": LayerScale})


def test_normalization_of_half_a_concatenation():
    image = keras.Input((4, 4, 3))
    left, right = (layers.Conv2D(4, 1, name=name)(image) for name in ("left", "right"))
    x = layers.Concatenate()([left, right])
    for norm in (layers.BatchNormalization(), layers.LayerNormalization()):
        x = norm(x)
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    assert [line.split(":")[0] for line in prunable(model)] == ["left 4", "right 4"]
    check(model)


def test_a_group_that_straddles_a_concatenation_ties_its_parts():
    image = keras.Input((4, 4, 3))
    left, right = layers.Conv2D(4, 1, name="left")(image), layers.Conv2D(2, 1, name="right")(image)
    x = layers.GroupNormalization(2)(layers.Concatenate()([left, right]))
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    check(model)
