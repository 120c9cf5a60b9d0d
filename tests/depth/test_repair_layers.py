import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.errors import PruneError

X = np.random.default_rng(0).normal(size=(80, 6)).astype("float32")
IMAGES = np.random.default_rng(0).normal(size=(60, 8, 8, 3)).astype("float32")


def error(model, original, x):
    made, truth = np.array(model(x)), np.array(original(x))
    return ((made - truth) ** 2).sum() / ((truth - truth.mean(0)) ** 2).sum()


def test_the_affine_map_of_a_removed_layer_is_folded_into_the_next():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(6, name="gone", bias_initializer="ones"),
            layers.Dense(2, name="head"),
        ]
    )
    repaired = tfprune.prune_layers(model, "gone", repair_on=X)
    assert [layer.name for layer in repaired.layers[1:]] == ["head"]
    np.testing.assert_allclose(repaired(X), model(X), atol=2e-2)


def test_the_next_branch_makes_good_for_a_linear_block_that_went():
    keras.utils.set_random_seed(1)
    x = keras.Input((6,))
    h = layers.Add(name="gone")([x, layers.Dense(6)(x)])
    h = layers.Add(name="stays")([h, layers.Dense(6)(h)])
    model = keras.Model(x, [h, layers.Activation("tanh")(h)])
    repaired = tfprune.prune_layers(model, "gone", repair_on=X)
    for made, truth in zip(repaired(X), model(X), strict=True):
        np.testing.assert_allclose(made, truth, atol=5e-2)


def residual_net():
    """Two blocks in a nested model that is called once, one outside; shared stem."""
    x = keras.Input((8, 8, 8))
    h = x
    for number in range(2):
        f = layers.Conv2D(8, 3, padding="same", use_bias=False)(h)
        f = layers.ReLU()(layers.BatchNormalization()(f))
        f = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(f))
        h = layers.ReLU()(layers.Add(name=f"add{number}")([h, f]))
    stage = keras.Model(x, h, name="stage")
    image = keras.Input((8, 8, 3))
    h = stage(layers.Conv2D(8, 3, padding="same")(image))
    h = layers.ReLU()(h + layers.Conv2D(8, 3, padding="same")(h))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(h)))


@pytest.mark.parametrize("block", ["stage/add0", "stage/add1"])
def test_repaired_is_nearer_to_the_original_than_cut(block):
    keras.utils.set_random_seed(1)
    model = residual_net()
    weights = model.get_weights()
    plan = tfprune.plan_layers(model, block)
    cut, repaired = plan.apply(), plan.apply(repair_on=IMAGES)
    assert error(repaired, model, IMAGES) < 0.5 * error(cut, model, IMAGES)
    assert [v.shape for v in repaired.variables] == [v.shape for v in cut.variables]
    for before, after in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_nested_model_that_goes_whole_is_not_repaired():
    x = keras.Input((6,))
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(6)], name="inner")
    model = keras.Model(x, layers.Dense(2)(inner(x)))
    with pytest.raises(PruneError, match="a nested model that goes as a whole"):
        tfprune.prune_layers(model, "inner", repair_on=X)
