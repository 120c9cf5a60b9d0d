import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.repairing.anchoring import anchor

RNG = np.random.default_rng(0)
X = RNG.normal([1.0, -2.0, 3.0], [0.5, 2.0, 0.0], (40, 3)).astype("float32")  # the third is dead


def norm(**settings):
    layer = layers.BatchNormalization(**settings)
    layer.build((None, 3))
    for variable in layer.variables:
        variable.assign(RNG.uniform(0.5, 2, 3))
    return layer


def test_training_begins_where_inference_is():
    layer = norm()
    before = layer(X)
    assert anchor(layer, [X])
    np.testing.assert_allclose(layer(X), before, atol=1e-4)
    np.testing.assert_allclose(layer(X, training=True), before, atol=1e-4)


def test_statistics_are_those_of_all_batches_together():
    layer = norm()
    anchor(layer, [X[:10], X[10:]])
    np.testing.assert_allclose(layer.moving_mean, X.mean(0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, X.var(0), rtol=1e-4, atol=1e-9)
    assert layer.momentum == 0.99


@pytest.mark.parametrize("missing", ["center", "scale"])
def test_without_beta_or_gamma_inference_stays_as_it_is(missing):
    layer = norm(**{missing: False})
    before = layer(X)
    assert not anchor(layer, [X])
    np.testing.assert_allclose(layer(X), before, atol=1e-4)


def test_a_frozen_layer_is_left_as_it_is():
    layer = norm(trainable=False)
    weights = layer.get_weights()
    assert not anchor(layer, [X])
    np.testing.assert_array_equal(layer.get_weights(), weights)


def test_values_under_a_mask_do_not_count():
    rows = keras.Sequential([keras.Input((4, 3)), layers.Masking(), layers.BatchNormalization()])
    rows.layers[1].moving_mean.assign([9.0, 9, 9])
    x = np.concatenate([X.reshape(10, 4, 3), np.zeros((5, 4, 3), "float32")])
    anchor(rows.layers[1], [rows.layers[0](x)])
    np.testing.assert_allclose(rows.layers[1].moving_mean, X.mean(0), rtol=1e-4)


def test_a_repaired_network_trains_from_where_it_is():
    keras.utils.set_random_seed(1)
    image = keras.Input((6, 6, 3))
    h = layers.Conv2D(8, 3, use_bias=False)(image)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = layers.BatchNormalization(name="last")(layers.Conv2D(4, 1, use_bias=False)(h))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(h))
    x = RNG.normal(size=(40, 6, 6, 3)).astype("float32")
    small = tfprune.plan_structured(model, 0.5).apply(repair_on=x)
    before = small(x)
    assert small.get_layer("last").gamma.shape == (4,)
    np.testing.assert_allclose(small(x, training=True), before, atol=2e-2)
