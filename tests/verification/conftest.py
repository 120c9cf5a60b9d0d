"""One small classifier and its files in every precision."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tfprune.export import convert

PRECISIONS = ("float32", "float16", "dynamic", "int8", "int16x8")


def build_classifier(seed=0):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(16, 3, strides=2, use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="act")(x)
    x = layers.Conv2D(64, 1, activation="relu", name="point")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(4, name="head")(x))


@pytest.fixture
def classifier():
    """A fresh copy, free to be changed."""
    return build_classifier()


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(0).random((16, 16, 16, 3), np.float32)


@pytest.fixture(scope="session")
def files(tmp_path_factory, images):
    folder, model = tmp_path_factory.mktemp("verify"), build_classifier()
    for precision in PRECISIONS:
        quantize = None if precision == "float32" else precision
        data = images if precision in ("int8", "int16x8") else None
        convert(model, folder / f"{precision}.tflite", quantize, data, sparse=False)
    return {precision: folder / f"{precision}.tflite" for precision in PRECISIONS}
