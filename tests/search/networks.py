"""Small networks whose cells are measured: each with one thing that is not plain."""

import keras
import numpy as np
from keras import layers


def residual():
    """A branch with a BatchNormalization, added to a stream."""
    x = image = keras.Input((6, 6, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(x)
    branch = layers.Conv2D(8, 3, padding="same", use_bias=False, name="inner")(x)
    branch = layers.ReLU()(layers.BatchNormalization(name="norm")(branch))
    branch = layers.Conv2D(8, 1, name="outer")(branch)
    x = layers.GlobalAveragePooling2D()(layers.Add()([x, branch]))
    return keras.Model(image, layers.Dense(3, name="head")(x), name="residual")


def nested():
    """A model inside, called twice."""
    image = keras.Input((6, 6, 3))
    inner = keras.Sequential([keras.Input((6, 6, 8)), layers.Conv2D(8, 1), layers.ReLU()])
    x = inner(inner(layers.Conv2D(8, 1, name="stem")(image)))
    return keras.Model(image, layers.Dense(3, name="head")(layers.Flatten()(x)), name="nested")


def separable():
    """Units that a depthwise convolution scales."""
    x = image = keras.Input((6, 6, 3))
    x = layers.Conv2D(16, 1, activation="relu", name="expand")(x)
    x = layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 1, name="project")(x))
    return keras.Model(image, layers.Dense(3, name="head")(x), name="separable")


def images(count=90, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(count, 6, 6, 3)).astype("float32")
    return x, x.mean(axis=(1, 2)).argmax(1)


def compiled(model):
    model.compile(
        "sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model
