"""Residual networks small enough to know what is left of them."""

import keras
import numpy as np
import pytest
from keras import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 4)).astype("float32")


def builds_nothing():
    """Whether this Keras builds a model whose output is its input; 3.12 does not."""
    inputs = keras.Input((4,))
    try:
        return bool(keras.Model(inputs, inputs))
    except ValueError:
        return False


of_nothing = pytest.mark.skipif(not builds_nothing(), reason="Keras 3.12 builds no such model")
of_something = pytest.mark.skipif(builds_nothing(), reason="this Keras builds such a model")


def chain(scales=(0.1, 2.0, 0.5), merge="add{}"):
    """A stem, blocks x + f(x) with f(x) = s * x turned by 90 degrees in each plane, a head."""
    inputs = keras.Input((4,))
    x = layers.Dense(4, name="stem")(inputs)
    for i, scale in enumerate(scales):
        f = layers.Dense(4, name=f"f{i}", use_bias=False)
        x = layers.Add(name=merge.format(i))([x, f(x)])
        f.set_weights([scale * np.kron(np.eye(2), [[0, 1], [-1, 0]])])
    return keras.Model(inputs, layers.Dense(2, name="head")(x), name="net")


def zeroed(model, *names):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    for name in names:
        layer = copy.get_layer(name)
        layer.set_weights([w * 0 for w in layer.get_weights()])
    return copy


def names(model):
    return [layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer)]
