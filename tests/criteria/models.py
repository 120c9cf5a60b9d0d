"""Small models and made-up groups that the tests of all criteria share."""

from types import SimpleNamespace

import keras
import numpy as np
from keras import layers

from tfprune.channels import trace

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(12, 6, 6, 2)).astype("float32")
LABELS = RNG.integers(0, 3, 12)


def small_cnn(**compiled):
    """Two convolutions that are added, a third behind them, each with BatchNormalization."""
    inputs = keras.Input((6, 6, 2))
    x = layers.Conv2D(5, 3, name="conv1")(inputs)
    x = layers.ReLU()(layers.BatchNormalization(name="norm1")(x))
    y = layers.Conv2D(5, 1, name="conv2")(x)
    y = layers.ReLU()(layers.BatchNormalization(name="norm2")(y))
    x = layers.Conv2D(4, 3, name="conv3")(layers.Add()([x, y]))
    x = layers.ReLU()(layers.BatchNormalization(name="norm3")(x))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax", name="head")(x))
    randomize(model)
    model.compile("sgd", **{"loss": "sparse_categorical_crossentropy", **compiled})
    return model


def randomize(model, seed=1):
    """Give every variable positive and negative numbers, variances positive ones."""
    rng = np.random.default_rng(seed)
    for v in model.variables:
        values = rng.normal(size=v.shape)
        v.assign(np.abs(values) + 0.1 if "variance" in v.name else values)


def named(model, name):
    """Return the group that this layer produces, wherever in the model it stands."""
    groups = trace(model).groups
    return next(group for group in groups if group.name.rpartition("/")[2] == name)


def member(weights, axis=-1, units=None, role="writes", name="kernel", layer=None):
    """One axis of one made-up variable."""
    weights = np.asarray(weights, "float32")
    axis = axis % weights.ndim
    units = np.arange(weights.shape[axis]) if units is None else np.array(units)
    variable = keras.Variable(weights, name=name)
    return SimpleNamespace(
        variable=variable, axis=axis, units=units, role=role, name=f"made/{name}", layer=layer
    )


def group(*members, size=None, name="made"):
    size = int(max(m.units.max() for m in members)) + 1 if size is None else size
    return SimpleNamespace(name=name, size=size, members=members, tensors=(), kept_whole=None)
