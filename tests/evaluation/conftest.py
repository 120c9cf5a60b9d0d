"""One network of two outputs, as a Keras model, a file and an int8 file, with labelled data."""

import keras
import numpy as np
import pytest

import tfprune


@pytest.fixture(scope="session")
def two_heads():
    keras.utils.set_random_seed(0)
    x = keras.Input((4,), name="x")
    h = keras.layers.Dense(8, activation="relu")(x)
    kind = keras.layers.Dense(3, activation="softmax", name="z_head")(h)
    size = keras.layers.Dense(1, name="a_head")(h)
    model = keras.Model(x, {"kind": kind, "size": size})
    model.compile(
        loss={"kind": "sparse_categorical_crossentropy", "size": "mse"},
        loss_weights={"kind": 1.0, "size": 0.5},
        metrics={"kind": ["accuracy"]},
        weighted_metrics={"size": ["mae"]},
    )
    return model


@pytest.fixture(scope="session")
def data():
    x = np.random.default_rng(0).random((64, 4), np.float32)
    return x, {"kind": np.arange(64) % 3, "size": x.sum(1, keepdims=True)}


@pytest.fixture(scope="session")
def file(two_heads, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("evaluate") / "two_heads.tflite")
    tfprune.convert(two_heads, path)
    return path


@pytest.fixture(scope="session")
def classifier():
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,), name="x"), keras.layers.Dense(3, "softmax", name="head")]
    )
    model.layers[0].kernel.assign(3 * np.eye(4, 3))
    return model


@pytest.fixture(scope="session")
def int8_file(classifier, data, tmp_path_factory):
    """An int8 file with int8 inputs and outputs."""
    path = str(tmp_path_factory.mktemp("evaluate") / "int8.tflite")
    tfprune.convert(classifier, path, "int8", data[0], io_dtype="int8")
    return path
