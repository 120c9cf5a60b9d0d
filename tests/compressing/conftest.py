"""A task that a tiny network learns in a second: which of four corners a point lies in."""

import keras
import numpy as np
import pytest
from keras import layers


def corners(count, seed):
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, (count, 6)).astype("float32")
    return x, 2 * (x[:, 0] > 0).astype("int32") + (x[:, 1] > 0)


@pytest.fixture(scope="package")
def train():
    return corners(512, 0)


@pytest.fixture(scope="package")
def validation():
    return corners(400, 1)


def network():
    """With far more neurons than the task needs; Keras numbers what has no name anew each time."""
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, "relu", name="first"),
            layers.Dense(16, "relu"),
            layers.Dense(4, "softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


@pytest.fixture(scope="package")
def trained(train):
    """About 97 % right."""
    keras.utils.set_random_seed(0)
    model = network()
    model.fit(*train, epochs=30, verbose=0)
    return model


@pytest.fixture(scope="package")
def quick():
    """Settings that keep a run short: one format, two networks, nothing that takes a gradient."""
    return {
        "prune": {"trials": 2, "steps": 1, "samples": 64, "criterion": "l2"},
        "fine_tune": {"epochs": 2, "start": "repaired", "teacher": 0},
        "quantize": {"precisions": ["float32"]},
    }
