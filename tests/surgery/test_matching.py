import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.errors import PruneError

X = np.random.default_rng(0).normal(size=(40, 8, 8, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(1)
    image = keras.Input((8, 8, 3))
    x = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(image))
    x = layers.Add()([x, layers.DepthwiseConv2D(3, padding="same")(layers.ReLU()(x))])
    x = layers.Concatenate()([layers.Conv2D(4, 1)(x), layers.Conv2D(6, 3, padding="same")(x)])
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


def test_without_the_plan_it_is_the_same_repair(model):
    plan = tfprune.plan_structured(model, 0.5)
    by_plan, by_weights = plan.apply(repair_on=X), tfprune.repair(plan.apply(), model, X)
    for a, b in zip(by_plan.get_weights(), by_weights.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_trained_model_cannot_be_matched(model):
    small = tfprune.prune_structured(model, 0.5)
    small.set_weights([w + 0.1 for w in small.get_weights()])
    with pytest.raises(PruneError, match=r"cannot be told by the weights\nfix: repair before"):
        tfprune.repair(small, model, X)


def test_another_model_cannot_be_matched(model):
    other = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(PruneError, match="do not have the same layers"):
        tfprune.repair(other, model, X)
