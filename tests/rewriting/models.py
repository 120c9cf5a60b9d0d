"""Small networks to make sparse-ready: a stem, something in the middle, a head."""

import keras
import numpy as np
from keras import layers

IMAGES = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")


def even_stem(x):
    x = layers.ZeroPadding2D(1, name="stem_pad")(x)
    return layers.Conv2D(8, 3, strides=2, activation="relu", name="stem")(x)


def dense_head(x):
    return layers.Dense(4, name="head")(layers.GlobalAveragePooling2D(name="pool")(x))


def net(middle=lambda x: x, stem=even_stem, head=dense_head, shape=(32, 32, 3)):
    """With no arguments a network that needs no change; every weight is random."""
    image = keras.Input(shape, name="image")
    x = layers.Conv2D(6, 1, name="pointwise")(middle(stem(image)))
    return randomized(keras.Model(image, head(x), name="net"))


def randomized(model):
    random = np.random.default_rng(1)
    for weight in model.weights:
        low = 0.5 if "variance" in weight.path or "gamma" in weight.path else -0.5
        if "seed" not in weight.path:
            weight.assign(random.uniform(low, 1.0, weight.shape))
    return model


def norm(x):
    return layers.BatchNormalization(name="norm")(x)


def gate(x, squeeze, excite):
    return layers.Multiply(name="scaled")([x, excite(squeeze(x))])


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]
