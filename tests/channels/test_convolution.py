"""Convolutions: where their channels are produced, summed over and tied together."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, kept, prunable
from tfprune.channels import trace

ADAPTIVE = (  # layers of Keras 3.13 and later
    [layers.AdaptiveAveragePooling2D(2), layers.AdaptiveMaxPooling2D((1, 2))]
    if hasattr(layers, "AdaptiveMaxPooling2D")
    else []
)


def chain(*middle, size=8, channels=3, head=True):
    """A convolution of 4 filters, the layers to be looked at, and a Dense head over them."""
    x = image = keras.Input((size, size, channels))
    x = layers.Conv2D(4, 3, name="conv")(x)
    for layer in middle:
        x = layer(x)
    if head:
        x = layers.Dense(2, name="head")(layers.GlobalAveragePooling2D(name="pool")(x))
    return keras.Model(image, x)


def test_a_convolution_feeds_the_next_one():
    model = chain(layers.Conv2D(6, 3, use_bias=False, name="next"))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; reads next/kernel[2]",
        "next 6: writes next/kernel[3]; reads head/kernel[0]",
    ]
    small = check(model)
    assert small.get_layer("next").kernel.shape == (3, 3, 2, 3)


def test_the_output_of_a_model_is_kept():
    model = chain(head=False)
    [group] = trace(model).groups
    assert (group.name, group.kept_whole) == ("conv", "an output of the model")
    assert check(model).output_shape == (None, 6, 6, 4)


@pytest.mark.parametrize(
    "layer",
    [
        layers.ReLU(),
        layers.ReLU(6.0),
        layers.LeakyReLU(),
        layers.ELU(),
        layers.Activation("sigmoid"),
        layers.Activation("hard_swish"),
        layers.Activation(keras.ops.tanh),
        layers.Dropout(0.5),
        layers.SpatialDropout2D(0.5),
        layers.GaussianNoise(0.5),
        layers.GaussianDropout(0.5),
        layers.AlphaDropout(0.5),
        layers.ActivityRegularization(0.1),
        layers.Identity(),
        layers.Rescaling(2.0, 1.0),
        layers.MaxPooling2D(),
        layers.AveragePooling2D(3, 2, "same"),
        layers.UpSampling2D(),
        layers.UpSampling2D(interpolation="bilinear"),
        layers.ZeroPadding2D(((0, 1), (2, 0))),
        layers.Cropping2D(1),
        layers.Resizing(5, 7),
        layers.CenterCrop(3, 4),
        *ADAPTIVE,
        layers.GlobalAveragePooling2D(keepdims=True),
        layers.GlobalMaxPooling2D(keepdims=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_channels_pass_through_unchanged(layer):
    model = chain(layer)
    assert prunable(model) == ["conv 4: writes conv/kernel[3] conv/bias[0]; reads head/kernel[0]"]
    check(model)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_depthwise_convolution_scales_channels(multiplier):
    model = chain(layers.DepthwiseConv2D(3, depth_multiplier=multiplier, name="deep"))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; scales deep/kernel[2] deep/bias[0]; "
        "reads head/kernel[0]"
    ]
    assert check(model).get_layer("deep").kernel.shape == (3, 3, 2, multiplier)


def test_a_depth_multiplier_puts_each_channel_at_neighbouring_places():
    model = chain(layers.DepthwiseConv2D(1, depth_multiplier=2, name="deep"))
    bias = next(m for m in trace(model).groups[0].members if m.name == "deep/bias")
    assert bias.units.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_grouped_convolutions_lose_whole_groups():
    model = chain(layers.Conv2D(6, 3, groups=2, name="grouped"))
    [group, _] = trace(model).groups
    assert [(m.name, m.units.tolist()) for m in group.members] == [
        ("conv/kernel", [0, 0, 1, 1]),
        ("conv/bias", [0, 0, 1, 1]),
        ("grouped/kernel", [0, 0, 0, 1, 1, 1]),
        ("grouped/bias", [0, 0, 0, 1, 1, 1]),
        ("head/kernel", [0, 0, 0, 1, 1, 1]),
    ]
    small = check(model).get_layer("grouped")
    assert (small.groups, small.filters) == (1, 3)


def test_a_grouped_convolution_on_the_input_of_the_model_is_kept():
    image = keras.Input((8, 8, 4))
    x = layers.Conv2D(4, 3, groups=2, name="grouped")(image)
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    assert kept(model) == {"grouped": "grouped is grouped and its input has a fixed width"}
    check(model)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_separable_convolution_is_a_depthwise_and_a_pointwise_one(multiplier):
    model = chain(layers.SeparableConv2D(6, 3, depth_multiplier=multiplier, name="sep"))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; scales sep/depthwise_kernel[2]; "
        "reads sep/pointwise_kernel[2]",
        "sep 6: writes sep/pointwise_kernel[3] sep/bias[0]; reads head/kernel[0]",
    ]
    check(model)


def test_a_transposed_convolution_has_its_kernel_axes_swapped():
    model = chain(layers.Conv2DTranspose(6, 3, strides=2, name="up"))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; reads up/kernel[3]",
        "up 6: writes up/kernel[2] up/bias[0]; reads head/kernel[0]",
    ]
    check(model)


@pytest.mark.parametrize(
    "kind, size",
    [("Conv", 1), ("Conv", 3), ("SeparableConv", 1), ("ConvTranspose", 1), ("ConvTranspose", 3)],
)
def test_convolutions_of_one_and_three_dimensions(kind, size):
    name = f"{kind}{size}D" if kind != "ConvTranspose" else f"Conv{size}DTranspose"
    x = signal = keras.Input((6,) * size + (3,))
    for which in ("first", "second"):
        x = getattr(layers, name)(4, 2, name=which)(x)
    model = keras.Model(signal, layers.Dense(2)(layers.Flatten()(x)))
    assert [group.split(":")[0] for group in prunable(model)] == ["first 4", "second 4"]
    check(model)


def test_depthwise_and_pooling_of_one_and_three_dimensions():
    x = signal = keras.Input((8, 3))
    x = layers.DepthwiseConv1D(2, name="deep")(layers.Conv1D(4, 2, name="conv")(x))
    x = layers.GlobalMaxPooling1D()(layers.ZeroPadding1D()(layers.AveragePooling1D(2)(x)))
    model = keras.Model(signal, layers.Dense(2, name="head")(x))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[2] conv/bias[0]; scales deep/kernel[1] deep/bias[0]; "
        "reads head/kernel[0]"
    ]
    check(model)
    volume = keras.Input((6, 6, 6, 2))
    x = layers.MaxPooling3D()(layers.Conv3D(4, 2, groups=1, name="conv")(volume))
    x = layers.GlobalAveragePooling3D()(layers.UpSampling3D()(layers.ZeroPadding3D((0, 0, 1))(x)))
    check(keras.Model(volume, layers.Dense(2)(x)))


def test_a_kernel_of_stride_and_dilation_changes_nothing():
    check(chain(layers.Conv2D(4, 2, strides=2), layers.Conv2D(4, 2, dilation_rate=2)))


def test_channels_first_has_its_channels_on_axis_1():
    x = image = keras.Input((8, 6, 6))
    options = {"data_format": "channels_first"}
    x = layers.Permute((3, 1, 2))(layers.Conv2D(4, 3, name="conv")(layers.Permute((2, 3, 1))(x)))
    x = layers.BatchNormalization(axis=1, name="norm")(x)
    x = layers.ZeroPadding2D(1, **options)(x)
    x = layers.GlobalAveragePooling2D(**options)(x)
    model = keras.Model(image, layers.Dense(2, name="head")(x))
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; scales norm/gamma[0] norm/beta[0] "
        "norm/moving_mean[0] norm/moving_variance[0]; reads head/kernel[0]"
    ]
    check(model)


def test_the_activation_of_a_convolution_may_be_its_own_layer_or_function():
    own = layers.ReLU(name="own")
    check(chain(layers.Conv2D(4, 1, activation=own), layers.Conv2D(4, 1, activation="gelu")))


@keras.saving.register_keras_serializable("test_convolution")
def squared_relu(x):
    return keras.ops.square(keras.ops.relu(x))


@keras.saving.register_keras_serializable("test_convolution")
def of_length_one(x):
    return x / keras.ops.sqrt(keras.ops.sum(x * x, axis=-1, keepdims=True))


def test_activation_functions_of_the_users_own_are_tried_or_followed():
    inside = layers.Conv2D(6, 1, activation=squared_relu, name="inside")
    model = chain(inside, layers.Conv2D(4, 1, name="next"), layers.Activation(of_length_one))
    assert [line.split(":")[0] for line in prunable(model)] == ["conv 4", "inside 6", "next 4"]
    check(model)


def test_a_softmax_at_the_end_of_a_convolution_is_shared_out_among_those_that_stay():
    model = chain(layers.Conv2D(6, 1, activation="softmax", name="mixed"))
    assert kept(model) == {}
    check(model)


def test_an_unknown_activation_function_keeps_its_channels():
    def first_half(x):
        return x * keras.ops.mean(x, -1, keepdims=True)

    custom = chain(layers.Conv2D(6, 1, activation=first_half, name="mixed"))
    assert kept(custom) == {"mixed": "the activation first_half of mixed may mix channels"}
    check(custom, custom_objects={"first_half": first_half})


def test_a_factor_for_each_channel_keeps_the_channels():
    model = chain(layers.Rescaling([1.0, 2.0, 3.0, 4.0], name="factors"))
    assert kept(model) == {"conv": "each has a factor of its own in factors"}
    check(model)


def test_one_filter_always_stays():
    model = chain(layers.Conv2D(1, 1, name="one"))
    assert check(model, ratio=1.0).get_layer("one").kernel.shape == (1, 1, 1, 1)


def test_removing_nothing_gives_the_same_model():
    model = chain(layers.Conv2D(4, 1))
    small = check(model, ratio=0.0)
    for a, b in zip(model.variables, small.variables, strict=True):
        np.testing.assert_array_equal(a, b)
