"""Small models and the ways to train them with masks; every test of the room uses these."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.masks.callbacks import all_masked

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 6)).astype("float32")
Y = RNG.normal(size=(64, 2)).astype("float32")

SCHEDULE = tfprune.PolynomialDecay(0.0, 0.75, begin_step=0, end_step=12, frequency=3)


def small_model():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="hidden"),
            layers.BatchNormalization(),
            layers.Dense(2, name="head"),
        ],
        name="small",
    )


def wrapped(optimizer="sgd", schedule=SCHEDULE, **compile_arguments):
    model = tfprune.prune_low_magnitude(small_model(), schedule)
    model.compile(optimizer, "mse", **compile_arguments)
    return model


def optimized(optimizer="sgd", schedule=SCHEDULE, **compile_arguments):
    model = small_model()
    model.compile(tfprune.PruningOptimizer(optimizer, schedule), "mse", **compile_arguments)
    return model


@pytest.fixture(params=[wrapped, optimized], ids=["wrapper", "optimizer"])
def pruned(request):
    """Builds the small model with masks, once in wrappers and once in the optimizer."""
    return request.param


def fit(model, epochs=1, **arguments):
    """Sixteen batches an epoch, more than the schedule's twelve."""
    callbacks = [tfprune.UpdatePruningStep()]
    return model.fit(
        X,
        Y,
        batch_size=4,
        epochs=epochs,
        verbose=0,
        shuffle=False,
        callbacks=callbacks,
        **arguments,
    )


def zeros(model):
    """Share of zeros in each pruned kernel."""
    return [float(np.mean(m.kernel.variable.numpy() == 0)) for m in all_masked(model)]


def values(model):
    return [variable.numpy() for variable in model.variables]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
