"""Where tensors meet: adds, gates, concatenation, products."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, prunable
from tfprune.channels import trace


def conv(name, filters=4, size=1, **options):
    return layers.Conv2D(filters, size, padding="same", name=name, **options)


def classified(image, x):
    return keras.Model(image, layers.Dense(2, name="head")(layers.GlobalAveragePooling2D()(x)))


def two_branches(merge):
    """`merge` of two convolutions of one image."""
    image = keras.Input((6, 6, 3))
    return classified(image, merge([conv("left")(image), conv("right")(image)]))


@pytest.mark.parametrize(
    "merge",
    [
        layers.Add(),
        layers.Subtract(),
        layers.Multiply(),
        layers.Average(),
        layers.Maximum(),
        layers.Minimum(),
        lambda x: x[0] + x[1],
        lambda x: x[0] * x[1],
        lambda x: x[0] - x[1],
        lambda x: ops.maximum(*x),
        lambda x: ops.add(x1=x[0], x2=x[1]),
        lambda x: ops.add(x[0], x2=x[1]),
        lambda x: ops.where(x[0] > x[1], x[0], x[1]),
    ],
)
def test_channels_that_meet_go_together(merge):
    assert prunable(two_branches(merge)) == [
        "left 4: writes left/kernel[3] left/bias[0] right/kernel[3] right/bias[0]; "
        "reads head/kernel[0]"
    ]
    check(two_branches(merge))


@pytest.mark.parametrize("divide", [ops.divide, ops.true_divide, ops.power, ops.arctan2])
def test_a_quotient_needs_no_divisor_where_units_are_gone(divide):
    check(two_branches(lambda x: divide(ops.exp(x[0]), ops.exp(x[1]))))


def test_residual_blocks_tie_their_stage_together():
    image = keras.Input((6, 6, 3))
    x = conv("stem")(image)
    for block in ("a", "b"):
        y = layers.BatchNormalization(name=f"{block}_norm", scale=False)(conv(f"{block}_1", 6)(x))
        x = layers.Add()([x, conv(f"{block}_2", use_bias=False)(layers.ReLU()(y))])
    model = classified(image, x)
    assert prunable(model) == [
        "stem 4: writes stem/kernel[3] stem/bias[0] a_2/kernel[3] b_2/kernel[3]; "
        "reads a_1/kernel[2] b_1/kernel[2] head/kernel[0]",
        "a_1 6: writes a_1/kernel[3] a_1/bias[0]; scales a_norm/beta[0] a_norm/moving_mean[0] "
        "a_norm/moving_variance[0]; reads a_2/kernel[2]",
        "b_1 6: writes b_1/kernel[3] b_1/bias[0]; scales b_norm/beta[0] b_norm/moving_mean[0] "
        "b_norm/moving_variance[0]; reads b_2/kernel[2]",
    ]
    small = check(model)
    assert small.get_layer("a_1").kernel.shape == (1, 1, 2, 3)


def test_a_residual_around_the_input_of_the_model_is_kept():
    image = keras.Input((6, 6, 3))
    model = classified(image, layers.Add(name="add")([image, conv("conv", 3)(image)]))
    assert kept(model) == {"conv": "goes together with a fixed width in add"}
    check(model)


@pytest.mark.parametrize("form", ["reshape", "keepdims", "ops"])
def test_squeeze_and_excite_ties_its_gate_to_the_channels(form):
    image = keras.Input((6, 6, 3))
    x = conv("conv", 8)(image)
    if form == "reshape":
        gate = layers.Reshape((1, 1, 8))(layers.GlobalAveragePooling2D()(x))
    elif form == "keepdims":
        gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    else:
        gate = ops.mean(x, axis=(1, 2), keepdims=True)
    gate = conv("squeeze", 4, activation="relu")(gate)
    gate = conv("excite", 8, activation="sigmoid")(gate)
    model = classified(image, layers.Multiply()([x, gate]))
    assert prunable(model) == [
        "conv 8: writes conv/kernel[3] conv/bias[0] excite/kernel[3] excite/bias[0]; "
        "reads squeeze/kernel[2] head/kernel[0]",
        "squeeze 4: writes squeeze/kernel[3] squeeze/bias[0]; reads excite/kernel[2]",
    ]
    check(model)


def test_a_gate_of_one_channel_is_broadcast_and_ties_nothing():
    image = keras.Input((6, 6, 3))
    gate = conv("gate", 1, activation="sigmoid")(image)
    model = classified(image, layers.Multiply(name="gated")([conv("conv")(image), gate]))
    assert prunable(model) == ["conv 4: writes conv/kernel[3] conv/bias[0]; reads head/kernel[0]"]
    assert kept(model) == {"gate": "broadcast by gated"}
    check(model)


def test_tensors_of_other_ranks_are_aligned_at_their_last_axis():
    image = keras.Input((6, 6, 3))
    shift = layers.Dense(4, name="shift")(layers.GlobalAveragePooling2D()(image))
    x = ops.add(conv("conv")(image), ops.mean(shift, axis=0))
    model = classified(image, x)
    assert [line.split(":")[0] for line in prunable(model)] == ["shift 4"]
    check(model)


def test_concatenation_keeps_the_branches_apart():
    image = keras.Input((6, 6, 3))
    x = layers.Concatenate()([conv("left", 4)(image), conv("right", 2)(image)])
    model = classified(image, conv("next")(x))
    assert prunable(model)[:2] == [
        "left 4: writes left/kernel[3] left/bias[0]; reads next/kernel[2]",
        "right 2: writes right/kernel[3] right/bias[0]; reads next/kernel[2]",
    ]
    left, right = trace(model).groups[:2]
    assert left.members[-1].units.tolist() == [0, 1, 2, 3, -1, -1]
    assert right.members[-1].units.tolist() == [-1, -1, -1, -1, 0, 1]
    check(model)


def test_a_tensor_concatenated_with_itself_lies_at_two_places():
    image = keras.Input((6, 6, 3))
    x = conv("conv")(image)
    model = classified(image, layers.Concatenate()([x, x]))
    [group, _] = trace(model).groups
    assert group.members[-1].units.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert check(model).get_layer("head").kernel.shape == (4, 2)


def test_an_input_of_the_model_keeps_its_places_in_a_concatenation():
    image = keras.Input((6, 6, 3))
    model = classified(image, layers.Concatenate()([image, conv("conv")(image)]))
    group = next(group for group in trace(model).groups if group.name == "conv")
    assert group.members[-1].units.tolist() == [-1, -1, -1, 0, 1, 2, 3]
    assert check(model).get_layer("head").kernel.shape == (5, 2)


def test_concatenation_along_space_ties_the_channels():
    model = two_branches(layers.Concatenate(axis=1))
    assert [line.split(":")[0] for line in prunable(model)] == ["left 4"]
    check(model)
    check(two_branches(lambda x: ops.concatenate(x, axis=2)))


def test_a_concatenation_added_to_a_wide_tensor_ties_both_parts():
    image = keras.Input((6, 6, 3))
    joined = layers.Concatenate()([conv("left", 4)(image), conv("right", 2)(image)])
    model = classified(image, layers.Add()([joined, conv("wide", 6)(image)]))
    assert prunable(model) == [
        "left 4: writes left/kernel[3] left/bias[0] wide/kernel[3] wide/bias[0]; "
        "reads head/kernel[0]",
        "right 2: writes right/kernel[3] right/bias[0] wide/kernel[3] wide/bias[0]; "
        "reads head/kernel[0]",
    ]
    check(model)


def test_what_meets_an_input_of_the_model_in_a_concatenation_stays():
    image = keras.Input((6, 6, 3))
    joined = layers.Concatenate(name="joined")([image, conv("conv")(image)])
    model = classified(image, layers.Add()([joined, conv("wide", 7)(image)]))
    assert kept(model) == {"wide": "joined with an input of fixed width by joined"}
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0] wide/kernel[3] wide/bias[0]; "
        "reads head/kernel[0]"
    ]
    check(model)


def test_a_branch_can_lose_all_but_one_channel_of_a_concatenation():
    image = keras.Input((6, 6, 3))
    x = layers.Concatenate()([conv("left", 4)(image), conv("right", 2)(image)])
    model = classified(image, conv("next")(x))
    keep = [np.array([True, False, False, False]), np.array([False, True])]
    keep += [np.ones(group.size, bool) for group in trace(model).groups[2:]]
    assert check(model, keep=keep).get_layer("next").kernel.shape == (1, 1, 2, 4)


def test_densely_connected_layers_read_all_that_came_before():
    image = keras.Input((6, 6, 3))
    x = conv("first")(image)
    for name in ("second", "third"):
        x = layers.Concatenate()([x, conv(name)(x)])
    model = classified(image, x)
    assert prunable(model)[0] == (
        "first 4: writes first/kernel[3] first/bias[0]; "
        "reads second/kernel[2] third/kernel[2] head/kernel[0]"
    )
    check(model)


def test_dot_ties_the_contracted_axes():
    text = keras.Input((5, 3))
    left, right = layers.Dense(4, name="left")(text), layers.Dense(4, name="right")(text)
    similar = layers.Flatten()(layers.Dot(axes=2, name="dot")([left, right]))
    model = keras.Model(text, layers.Dense(2)(similar))
    assert [line.split(":")[0] for line in prunable(model)] == ["left 4"]
    check(model)


def test_an_outer_axis_of_dot_is_kept():
    text = keras.Input((5, 3))
    left, right = layers.Dense(4, name="left")(text), layers.Dense(6, name="right")(text)
    model = keras.Model(text, layers.Flatten()(layers.Dot(axes=1, name="dot")([left, right])))
    assert kept(model) == {"left": "an outer axis of dot", "right": "an outer axis of dot"}
    check(model)


@keras.saving.register_keras_serializable("tests")
class PadChannels(layers.Layer):
    """The zero channels of an option A shortcut, as a custom layer."""

    def __init__(self, before, after, **options):
        super().__init__(**options)
        self.before, self.after = before, after

    def call(self, x):
        return ops.pad(x, ((0, 0), (0, 0), (0, 0), (self.before, self.after)))

    def channel_flow(self, call):
        before, after = call.new(self.before), call.new(self.after)
        call.setting("before", units=before)
        call.setting("after", units=after)
        return call.flow({-1: np.concatenate([before, call.input[-1], after])})

    def get_config(self):
        return {**super().get_config(), "before": self.before, "after": self.after}


def test_a_custom_layer_may_add_channels_of_zeros():
    image = keras.Input((6, 6, 3))
    x = conv("conv")(image)
    shortcut = PadChannels(2, 2)(layers.AveragePooling2D(1, 2)(x))
    model = classified(image, layers.Add()([shortcut, conv("wide", 8, 3, strides=2)(x)]))
    assert [line.split(":")[0] for line in prunable(model)] == ["conv 4", "wide 4"]
    small = check(model)
    assert small.get_layer("wide").filters == 4


def test_several_inputs_and_outputs():
    image, numbers = keras.Input((6, 6, 3), name="image"), keras.Input((3,), name="numbers")
    x = layers.GlobalAveragePooling2D()(conv("conv", 4)(image))
    y = layers.Dense(6, name="dense")(numbers)
    joined = layers.Concatenate()([x, y])
    outputs = {"sum": layers.Dense(2, name="head")(joined), "side": layers.Dense(1, name="side")(y)}
    model = keras.Model({"image": image, "numbers": numbers}, outputs)
    assert prunable(model) == [
        "conv 4: writes conv/kernel[3] conv/bias[0]; reads head/kernel[0]",
        "dense 6: writes dense/kernel[1] dense/bias[0]; reads head/kernel[0] side/kernel[0]",
    ]
    small = check(model)
    assert {name: tuple(t.shape) for name, t in small.output.items()} == {
        "sum": (None, 2),
        "side": (None, 1),
    }


def test_an_inner_tensor_that_is_an_output_too_is_kept():
    image = keras.Input((6, 6, 3))
    x = conv("conv")(image)
    model = keras.Model(image, [x, classified(image, conv("next")(x)).output])
    assert [line.split(":")[0] for line in prunable(model)] == ["next 4"]
    check(model)
