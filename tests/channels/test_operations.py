"""Operations of `keras.ops` that stand in the graph."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, notes, prunable
from tfprune.channels import trace


def through(operate, filters=8, size=4):
    """A convolution, what `operate` makes of its output, and a Dense head over all of it."""
    image = keras.Input((size, size, 3))
    x = operate(layers.Conv2D(filters, 1, name="conv")(image))
    x = layers.Flatten()(x) if len(x.shape) > 2 else x
    return keras.Model(image, layers.Dense(2, name="head")(x))


CONV = "conv 8: writes conv/kernel[3] conv/bias[0]; reads head/kernel[0]"


@pytest.mark.parametrize(
    "operate",
    [
        ops.relu,
        ops.sigmoid,
        ops.silu,
        ops.exp,
        ops.square,
        ops.absolute,
        abs,
        lambda x: -x,
        lambda x: ops.gelu(x, approximate=True),
        lambda x: ops.clip(x, -1, 1),
        lambda x: ops.cast(ops.cast(x, "float16"), "float32"),
        lambda x: ops.log(ops.abs(x) + 1.5),
        lambda x: ops.sqrt(ops.softplus(x)),
        lambda x: ops.stop_gradient(x),
        lambda x: ops.round(x * 4),
        lambda x: 1.0 / (1.0 + ops.exp(-x)),
        lambda x: 2.0 * x - 1.0,
        lambda x: x**2,
        lambda x: ops.reciprocal(1.5 + ops.sigmoid(x)),
        lambda x: ops.where(x > 0, x, 0.1 * x),
        lambda x: ops.where(ops.logical_and(x > 0, x < 1), x, 0.0),
        lambda x: ops.max_pool(x, 2),
        lambda x: ops.average_pool(x, 2, 1, "same"),
        lambda x: ops.image.resize(x, (3, 5)),
        lambda x: ops.flip(x, 1),
        lambda x: ops.roll(x, 1, 2),
        lambda x: ops.expand_dims(x, 1),
        lambda x: ops.squeeze(ops.expand_dims(x, -1), -1),
        lambda x: ops.mean(x, (1, 2)),
        lambda x: ops.mean(x, axis=[1, 2], keepdims=True),
        lambda x: ops.max(x, 1),
        lambda x: ops.sum(x, -2),
        lambda x: ops.std(x, 1) + ops.var(x, 1),
        lambda x: ops.softmax(x, 1),
        lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 0), (0, 0))),
        lambda x: x[:, 1:3, ::2],
        lambda x: x[:, 0],
        lambda x: x[:, -1, ..., :],
        lambda x: ops.take(x, [0, 2, 2], axis=1),
        lambda x: ops.split(x, 2, axis=1)[1],
        lambda x: ops.unstack(x, axis=1)[1],
        lambda x: ops.stack([x, 2 * x], axis=1),
        lambda x: ops.transpose(x, (0, 3, 1, 2)),
        lambda x: ops.swapaxes(x, 1, 3),
        lambda x: ops.moveaxis(x, -1, 1),
        lambda x: ops.reshape(x, (-1, 16, 8)),
        lambda x: ops.reshape(x, (-1, 4, 32)),
        lambda x: ops.reshape(ops.transpose(x, (0, 3, 1, 2)), (-1, 8, 16)),
        lambda x: ops.tile(x, (1, 1, 2, 1)),
        lambda x: ops.repeat(x, 2, axis=1),
        lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.normalize(x, axis=-1),
        lambda x: ops.softmax(x),
        lambda x: ops.log_softmax(x),
        lambda x: layers.Softmax([1, 3])(x),
        lambda x: x / ops.norm(x, axis=(1, 2), keepdims=True),
        lambda x: x / ops.norm(x, axis=-1, keepdims=True),
    ],
)
def test_channels_are_followed_one_by_one(operate):
    model = through(operate)
    assert prunable(model) == [CONV]
    check(model)


@pytest.mark.parametrize(
    "operate, reason",
    [
        (ops.sparsemax, "compared with one another in sparsemax"),
        (lambda x: ops.max(x, axis=-1), "taken together by "),
        (lambda x: ops.std(x, axis=(1, 3)), "taken together by "),
        (lambda x: ops.cast(ops.argmax(x, -1), "float32"), "taken together by "),
        (lambda x: ops.cumsum(x, axis=-1), "their order counts in "),
        (lambda x: ops.sort(x, axis=-1), "their order counts in "),
        (lambda x: ops.roll(x, 1, axis=-1), "their order counts in "),
        (lambda x: ops.roll(x, 1), "their order counts in "),
        (lambda x: ops.repeat(x, [1, 2] * 4, axis=-1), "their order counts in "),
        (lambda x: x[..., 0], "spread over several axes by "),
        (lambda x: ops.pad(x, ((0, 0),) * 3 + ((1, 1),), constant_values=1.0), "padded with "),
        (lambda x: ops.norm(x, ord=-1, axis=-1), "taken together by "),
        (lambda x: ops.einsum("...c,...d->...cd", x, x), "read by einsum"),
    ],
)
def test_operations_that_mix_channels_keep_them(operate, reason):
    model = through(operate)
    assert kept(model)["conv"].startswith(reason)
    check(model)


def test_an_operation_that_cannot_be_followed_leaves_a_note():
    model = through(lambda x: ops.matmul(x, keras.Variable(np.ones((8, 3), "float32"))))
    [note] = notes(model)
    assert note.startswith("matmul") and note.endswith("one of its operands is a variable")


def test_a_softmax_is_shared_out_among_the_units_that_stay():
    row = keras.Input((3,))
    model = keras.Model(row, ops.sum(ops.softmax(layers.Dense(4)(row)), axis=-1))
    small = check(model)
    assert small(np.ones((1, 3))).numpy().tolist() == [1.0]


@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_a_gate_chooses_among_fewer_experts(activation):
    """What is multiplied by a removed share is cut out of a stack of fixed length."""
    row = keras.Input((3,))
    experts = ops.stack([layers.Dense(2)(row) for _ in range(4)], axis=2)
    gate = layers.Reshape((1, 4))(layers.Dense(4, activation, name="gate")(row))
    product = experts * gate if activation == "softmax" else layers.Multiply()([experts, gate])
    model = keras.Model(row, ops.sum(product, axis=-1))
    assert prunable(model) == ["gate 4: writes gate/kernel[1] gate/bias[0]"]
    check(model)


def test_channels_mixed_with_their_neighbours_get_zeros_where_others_were():
    """ECA: a convolution along pooled channels makes a gate for each."""

    def gated(x):
        line = ops.expand_dims(layers.GlobalAveragePooling2D()(x), -1)
        gate = ops.sigmoid(layers.Conv1D(1, 3, padding="same", name="eca")(line))
        return x * ops.reshape(gate, (-1, 1, 1, 8))

    model = through(gated)
    assert prunable(model) == [CONV]
    check(model)


def test_limits_for_each_channel_keep_the_channels():
    model = through(lambda x: ops.clip(x, np.zeros(8, "float32"), np.ones(8, "float32")))
    assert kept(model) == {"conv": "limits of their own in clip"}
    check(model, saves=False)  # Keras cannot save such a Clip


def test_a_mean_over_space_and_a_sum_over_channels():
    model = through(lambda x: ops.sum(x, axis=-1))
    assert prunable(model) == ["conv 8: writes conv/kernel[3] conv/bias[0]"]
    check(model)


@pytest.mark.parametrize(
    "operate, units",
    [
        (lambda x: x[..., :4], [0, 1, 2, 3]),
        (lambda x: x[..., 2:], [2, 3, 4, 5, 6, 7]),
        (lambda x: x[..., ::2], [0, 2, 4, 6]),
        (lambda x: x[..., ::-1], [7, 6, 5, 4, 3, 2, 1, 0]),
        (lambda x: x[:, 0, 0:1, 4:], [4, 5, 6, 7]),
        (lambda x: ops.take(x, [5, 1, 1], axis=-1), [5, 1, 1]),
        (lambda x: ops.flip(x, -1), [7, 6, 5, 4, 3, 2, 1, 0]),
        (lambda x: ops.split(x, 2, axis=-1)[1], [4, 5, 6, 7]),
        (lambda x: ops.split(x, [1, 6], axis=-1)[1], [1, 2, 3, 4, 5]),
        (lambda x: x[..., None, 5:7], [5, 6]),
        (lambda x: ops.concatenate(ops.split(x, 2, -1)[::-1], -1), [4, 5, 6, 7, 0, 1, 2, 3]),
        (lambda x: ops.tile(x, (1, 1, 1, 2)), [*range(8), *range(8)]),
        (lambda x: ops.repeat(x, 2, -1), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]),
        (lambda x: ops.concatenate([x, x], -1)[..., 6:10], [6, 7, 0, 1]),
    ],
)
def test_which_unit_lies_where_after_channels_were_moved(operate, units):
    model = through(operate, size=1)
    members = [member for group in trace(model).groups for member in group.members]
    ids = {f"{member.name}[{member.axis}]": member.binding.ids for member in members}
    assert (ids["head/kernel[0]"] - ids["conv/kernel[3]"][0]).tolist() == units
    check(model)


def test_split_halves_are_groups_of_their_own_and_read_on_their_own():
    def gated(x):
        left, right = ops.split(x, 2, axis=-1)
        return left * ops.sigmoid(right)

    model = through(gated)
    [group, _] = trace(model).groups
    assert group.members[0].units.tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    check(model)


def test_slices_of_different_readers_are_different_groups():
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(8, 1, name="conv")(image)
    left = layers.Conv2D(4, 3, name="left")(x[..., :6])
    right = layers.Conv2D(4, 3, name="right")(x[..., 6:])
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(left + right)))
    sizes = [(group.name, group.size) for group in trace(model).groups[:2]]
    assert sizes == [("conv", 6), ("conv", 2)]
    check(model)


def test_a_slice_after_flatten_takes_places_not_channels():
    model = through(lambda x: layers.Flatten()(x)[:, 10:50])
    check(model)


def test_a_slice_may_lose_all_of_its_channels():
    model = through(lambda x: ops.sum(x, axis=-1) - ops.sum(x[..., :2], axis=-1))
    keep = [np.array([False, False, *[True] * 6]), np.ones(2, bool)]
    check(model, keep=keep)


def test_operations_of_the_smaller_model_are_its_own():
    model = through(lambda x: ops.exp(x) * np.arange(8.0, dtype="float32"))
    small = check(model)
    assert small.operations[2].output.shape == (None, 4, 4, 4)
    assert not {id(operation) for operation in small.operations} & set(map(id, model.operations))


def test_a_slice_of_space_and_channels_at_once():
    check(through(lambda x: x[:, 1:3, ::2, 2:6]))


@pytest.mark.parametrize("widths", [(4, 4), (0, 8), (3, 0)])
def test_zero_padded_channels_of_an_option_a_shortcut(widths):
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(8, 1, name="conv")(image)
    shortcut = ops.pad(x[:, ::2, ::2], ((0, 0), (0, 0), (0, 0), widths))
    wide = layers.Conv2D(8 + sum(widths), 3, 2, "same", name="wide")(x)
    model = keras.Model(image, layers.Dense(2, name="head")(layers.Flatten()(shortcut + wide)))
    sizes = [(group.name, group.size) for group in trace(model).groups[:2]]
    assert sizes == [("conv", 8), ("wide", sum(widths))]
    small = check(model)
    assert small.get_layer("wide").filters == (8 + sum(widths)) // 2


def test_zero_channels_that_nothing_writes_stay():
    model = through(lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0), (2, 1))))
    assert kept(model) == {"head": "no weights produce them"}
    check(model)


def test_padding_that_mirrors_channels():
    model = through(lambda x: ops.pad(x, ((0, 0), (1, 0), (0, 0), (2, 1)), mode="reflect"))
    assert [line.split(":")[0] for line in prunable(model)] == ["conv 8"]
    check(model)


@pytest.mark.parametrize("shape", [(8,), (4, 4, 8), (1, 1, 1, 8), (4, 1), (1, 4, 4, 8)])
def test_a_constant_in_the_graph_loses_what_its_tensor_loses(shape):
    constant = np.random.default_rng(0).normal(size=shape).astype("float32")
    model = through(lambda x: layers.ReLU()(x * constant) - constant)
    assert prunable(model) == [CONV]
    check(model)


def test_a_constant_may_come_first_and_may_be_a_tensor():
    constant = ops.convert_to_tensor(np.arange(8.0, dtype="float32"))
    model = through(lambda x: constant - x)
    assert prunable(model) == [CONV]
    check(model)


def test_a_constant_on_one_half_of_a_concatenation():
    constant = np.arange(16.0, dtype="float32")
    check(through(lambda x: ops.concatenate([x, ops.relu(x)], -1) * constant))


def test_operations_on_a_tensor_of_two_channel_axes():
    vectors = keras.Input((5, 3))
    x = layers.EinsumDense("abc,cde->abde", (5, 4, 6), name="heads")(vectors)
    model = keras.Model(vectors, layers.Dense(2)(layers.Flatten()(x[:, :, 1:, :4])))
    check(model)


def test_stacked_tensors_meet_on_every_axis_but_the_new_one():
    image = keras.Input((4, 4, 3))
    both = [layers.Conv2D(8, 1, name=name)(image) for name in ("left", "right")]
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(ops.stack(both, axis=1))))
    assert [line.split(":")[0] for line in prunable(model)] == ["left 8"]
    check(model)


def gated(gate):
    """A convolution whose channels are all multiplied by what `gate` makes of its output."""

    def operate(x):
        x = ops.relu(x)
        return x * gate(x)

    return operate


def one(x):
    return layers.Conv2D(1, 1, activation="sigmoid")(x)


@pytest.mark.parametrize(
    "operate",
    [
        gated(lambda x: one(ops.max(x, axis=-1, keepdims=True))),
        gated(lambda x: one(ops.mean(x, axis=(1, -1), keepdims=True))),
        gated(lambda x: ops.repeat(one(x), 8, axis=-1)),
        gated(lambda x: ops.tile(one(x), (1, 1, 1, 8))),
        gated(lambda x: ops.broadcast_to(ops.expand_dims(one(x), 1), (2, 1, 4, 4, 1))[:, 0]),
        lambda x: ops.sigmoid(ops.split(x, [8], axis=-1)[0]),
    ],
)
def test_channels_lose_none_to_a_value_over_or_for_all_of_them(operate):
    model = through(operate)
    assert [line.split(":")[0] for line in prunable(model)] == ["conv 8"]
    check(model)


@pytest.mark.parametrize(
    "operate",
    [
        lambda x: ops.max(x, axis=-1),  # a removed channel is zero, and may be the largest
        lambda x: ops.max(ops.relu(x) - 1.0, axis=-1),
        lambda x: ops.min(ops.relu(x), axis=-1),
    ],
)
def test_channels_of_which_one_is_chosen_stay_where_zero_may_be_chosen(operate):
    assert prunable(through(operate)) == []


def test_a_model_called_with_values_below_zero_too_is_no_floor():
    image = keras.Input((4, 4, 3))
    inputs = keras.Input((4, 4, 8))
    largest = keras.Model(inputs, ops.max(inputs, axis=-1))
    x = layers.Conv2D(8, 1, name="conv")(image)
    model = keras.Model(image, [largest(ops.relu(x)), largest(x)])
    assert prunable(model) == []
