"""A reshape that makes several axes of the channels: units go together along one of them."""

import keras
import pytest
from keras import layers, ops

from tests.channels.checks import check, kept, prunable
from tfprune.channels import trace


def units_of(model, variable):
    """The unit at each position of the first axis that a variable is bound on."""
    members = [member for group in trace(model).groups for member in group.members]
    return next(m.units.tolist() for m in members if m.name == variable)


def shuffled(x, groups):
    """The channel shuffle of ShuffleNet (arXiv:1707.01083, section 3.1)."""
    height, width, channels = x.shape[1:]
    x = layers.Reshape((height, width, groups, channels // groups))(x)
    return layers.Reshape((height, width, channels))(layers.Permute((1, 2, 4, 3))(x))


def test_a_channel_shuffle_ties_the_channels_at_one_place_of_each_group():
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(6, 1, name="conv")(image)
    x = layers.Conv2D(2, 1, name="after")(shuffled(x, 2))
    model = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    assert units_of(model, "conv/kernel") == [0, 1, 2, 0, 1, 2]
    assert units_of(model, "after/kernel") == [0, 0, 1, 1, 2, 2]
    assert check(model).get_layer("conv").filters == 2  # one of three units stays, twice


def test_the_first_image_of_a_decoder_loses_channels_though_its_sides_are_longer():
    code = keras.Input((5,))
    x = layers.Dense(4 * 4 * 3, name="dense")(code)
    x = layers.Conv2DTranspose(2, 3, name="conv")(layers.Reshape((4, 4, 3), name="image")(x))
    model = keras.Model(code, layers.Flatten()(x))
    assert units_of(model, "dense/kernel") == [0, 1, 2] * 16
    assert check(model).get_layer("image").target_shape == (4, 4, 1)


def test_windows_that_become_examples_and_images_again():
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(8, 1, name="conv")(image)
    x = ops.transpose(ops.reshape(x, (-1, 2, 2, 2, 2, 8)), (0, 1, 3, 2, 4, 5))
    x = layers.Dense(8, name="within")(ops.reshape(x, (-1, 4, 8)))
    x = ops.transpose(ops.reshape(x, (-1, 2, 2, 2, 2, 8)), (0, 1, 3, 2, 4, 5))
    model = keras.Model(image, layers.Conv2D(2, 1)(ops.reshape(x, (-1, 4, 4, 8))))
    assert [line.split(":")[0] for line in prunable(model)] == ["conv 8", "within 8"]
    check(model)


def test_pieces_of_maxout_go_together():
    vectors = keras.Input((5,))
    x = layers.Dense(8, name="dense")(vectors)
    x = ops.max(layers.Reshape((4, 2))(x), axis=-1)
    model = keras.Model(vectors, layers.Dense(2, name="head")(x))
    assert units_of(model, "dense/kernel") == [0, 0, 1, 1, 2, 2, 3, 3]
    check(model)


def test_where_no_axis_will_do_the_reason_of_the_longest_is_told():
    vectors = keras.Input((5,))
    x = layers.Reshape((4, 2))(layers.Dense(8, name="dense")(vectors))
    model = keras.Model(vectors, layers.Dense(2, name="head")(ops.max(x, axis=(1, 2))[:, None]))
    assert kept(model)["dense"].startswith("taken together by max")
    check(model)


def test_units_that_spread_over_the_examples_stay():
    vectors = keras.Input((4, 3))
    x = ops.reshape(layers.Dense(6, name="dense")(vectors), (-1, 4, 2))
    model = keras.Model(vectors, layers.Dense(2, name="head")(x))
    assert kept(model) == {"dense": "spread over several axes by reshape"}
    check(model)


@pytest.mark.skipif(not hasattr(ops, "depth_to_space"), reason="Keras before 3.13 has no such")
@pytest.mark.parametrize("block", [2, 4])
def test_depth_to_space_ties_the_channels_of_a_block_and_space_to_depth_repeats_them(block):
    image = keras.Input((4, 4, 3))
    x = layers.Conv2D(3 * block**2, 1, name="conv")(image)
    x = layers.ReLU()(ops.nn.depth_to_space(x, block))
    x = layers.Conv2D(2, 1, name="after")(ops.nn.space_to_depth(x, block))
    model = keras.Model(image, x)
    assert units_of(model, "conv/kernel") == [0, 1, 2] * block**2
    assert units_of(model, "after/kernel") == [0, 1, 2] * block**2
    check(model)
