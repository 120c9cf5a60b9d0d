"""An int8 file below the floor is tried again: worst layers float, then training in int8."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune.compressing import compress, exporting

from .conftest import corners


def wide(count, seed):
    """The corners, with one feature a hundred times as wide as those that matter."""
    x, y = corners(count, seed)
    return x * np.array([1, 1, 1, 1, 1, 100], "float32"), y


@pytest.fixture(scope="module")
def spoilt():
    """A model that int8 spoils: one step of its input is wider than what it decides by."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), layers.Dense(32, "relu"), layers.Dense(4)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss, metrics=["accuracy"])
    model.fit(*wide(1024, 0), epochs=40, batch_size=128, verbose=0)
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where both runs are kept: the second finds what the first has made."""
    return tmp_path_factory.mktemp("int8")


def run(model, out):
    recipe = {
        "prune": {"trials": 1, "steps": 1, "samples": 64, "criterion": "l2"},
        "fine_tune": {"epochs": 1, "start": "repaired", "teacher": 0},
        "quantize": {"precisions": ["int8"]},
    }
    settings = {"budget": {"macs": 0.8}, "max_drop": 0.2, "out": out, "recipe": recipe}
    result = compress(model, wide(512, 0), wide(400, 1), report=False, **settings)
    return result.floor.dense, [trial for trial in result.trials if "pruned" in trial.network]


def test_the_layers_that_lose_most_stay_float(spoilt, folder):
    dense, (plain, kept) = run(spoilt, folder)
    assert not plain.passed and kept.passed and "kept float" in kept.how
    assert kept.metrics["accuracy"] > dense - 0.2 > plain.metrics["accuracy"]


def test_where_that_does_not_help_it_is_trained_in_int8(spoilt, folder, monkeypatch):
    monkeypatch.setattr(exporting, "_worst_layers", lambda *_: [])
    _, (plain, trained) = run(spoilt, folder)
    assert trained.how == "trained with int8 arithmetic" and trained.verified
    assert trained.metrics["accuracy"] != plain.metrics["accuracy"]
