import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

import tfprune
from tfprune.errors import PruneWarning
from tfprune.graph import values_of
from tfprune.surgery.merging import _clusters

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(40, 6, 6, 3)).astype("float32")


def test_readers_of_merged_units_see_their_sum():
    model = keras.Sequential([keras.Input((1,)), layers.Dense(3), layers.Dense(1)])
    model.set_weights(
        [np.array([[1.0, 5.0, 1.2]]), np.zeros(3), np.array([[2.0], [3], [4]]), np.zeros(1)]
    )
    small = tfprune.plan_structured(model, {"dense*": 0.3}).apply(merge=True)
    first, second = small.layers
    np.testing.assert_allclose(np.sort(first.kernel[0]), [1.1, 5])
    np.testing.assert_allclose(np.sort(second.kernel[:, 0]), [3, 6])


def test_the_two_clusters_that_differ_least_become_one():
    assert _clusters(np.array([[0.0], [10], [1], [11], [5]]), 3).tolist() == [0, 1, 0, 1, 4]


def convolutions():
    image = keras.Input((6, 6, 3))
    h = layers.Conv2D(8, 3, padding="same", use_bias=False)(image)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    f = layers.Conv2D(6, 3, activation="relu", padding="same")(h)
    h = layers.Add()([h, layers.BatchNormalization()(layers.Conv2D(8, 1)(f))])
    h = layers.DepthwiseConv2D(3, activation="gelu")(h)
    return keras.Model(image, layers.Dense(2)(layers.Flatten()(layers.MaxPooling2D()(h))))


def duplicate(model, order):
    """Make each second unit of every group what its neighbour is, but for what its readers do."""
    for group in tfprune.plan_structured(model, 0.5).structure.groups:
        if group.kept_whole is None:
            twin = order.permutation(np.repeat(np.arange(group.size // 2), 2))
            for member in group.members:
                if member.role != "reads":
                    array = values_of(member.variable)
                    member.variable.assign(np.take(array, twin, member.axis))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**16))
def test_a_network_of_which_each_filter_is_there_twice_loses_nothing(seed):
    keras.utils.set_random_seed(seed)
    model = convolutions()
    for variable in model.variables:
        if len(variable.shape) == 1:
            variable.assign(RNG.uniform(0.5, 1.5, variable.shape))
    duplicate(model, np.random.default_rng(seed))
    small = tfprune.prune_structured(model, 0.5, merge=True)
    assert small.count_params() < 0.6 * model.count_params()
    np.testing.assert_allclose(small(IMAGES), model(IMAGES), atol=2e-4)


def test_what_cannot_be_merged_is_dropped_and_told():
    x = keras.Input((4,))
    h = layers.LayerNormalization(name="norm")(layers.Dense(8, name="hidden")(x))
    plan = tfprune.plan_structured(keras.Model(x, layers.Dense(2)(h)), 0.5)
    with pytest.warns(PruneWarning, match="hidden: dropped, not merged: how LayerNormalization"):
        small = plan.apply(merge=True)
    for merged, dropped in zip(small.get_weights(), plan.apply().get_weights(), strict=True):
        np.testing.assert_array_equal(merged, dropped)


def test_merged_units_are_refitted_where_there_is_data():
    keras.utils.set_random_seed(1)
    model = convolutions()
    plan = tfprune.plan_structured(model, 0.5)
    truth = np.array(model(IMAGES))
    merged, repaired = plan.apply(merge=True), plan.apply(repair_on=IMAGES, merge=True)
    apart = [np.square(np.array(small(IMAGES)) - truth).sum() for small in (merged, repaired)]
    assert apart[1] < apart[0]
