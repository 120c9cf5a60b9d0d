"""Small models, and phones to run them on: fetched once, into the cache that `TFPRUNE_CACHE` names.

The first run fetches some 70 MB and compiles the runner; that takes about a minute.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from tests.android.phone import Phone, why_not
from tfprune import convert
from tfprune.cli import main

layers = keras.layers
REASON = why_not()
needs_phone = pytest.mark.skipif(bool(REASON), reason=f"no test phone: {REASON}")
BUNDLE = ("--runtime", "ai-edge-litert")
QUICK = ("--runs", "4", "--rounds", "2", "--warmup", "1")


def build():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3), name="image")
    x = layers.Conv2D(8, 3, activation="relu")(image)
    x = layers.Conv2D(16, 1, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, name="head")(x))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("android")


@pytest.fixture(scope="session")
def dense(folder):
    return convert(build(), folder / "dense.tflite").path


@pytest.fixture(scope="session")
def slow(folder):
    """A million runs of it outlast the patience of every test."""
    image = keras.Input((64, 64, 32))
    model = keras.Model(image, layers.Conv2D(32, 3)(image))
    return convert(model, folder / "slow.tflite").path


@pytest.fixture(scope="session")
def int8(folder):
    """int8 inside and at its input and output."""
    pictures = [np.random.default_rng(i).random((1, 16, 16, 3), "float32") for i in range(8)]
    return convert(
        build(),
        folder / "int8.tflite",
        quantize="int8",
        representative_dataset=pictures,
        io_dtype="int8",
    ).path


@pytest.fixture(scope="session")
def several(folder):
    """Two inputs of different types and two outputs, none in the order of its name."""
    keras.utils.set_random_seed(0)
    words = keras.Input((5,), dtype="int32", name="words")
    image = keras.Input((4, 4, 1), name="a_picture")
    x = layers.Flatten()(layers.Embedding(2, 3)(words))
    first = layers.Dense(3, name="z")(layers.Concatenate()([x, layers.Flatten()(image)]))
    second = layers.Dense(7, name="b", activation="relu")(x)
    model = keras.Model([words, image], {"z": first, "b": second})
    return convert(model, folder / "several.tflite").path


@pytest.fixture(scope="module")
def module_phone():
    with Phone() as phone:
        yield phone


@pytest.fixture
def phone(module_phone, monkeypatch, tmp_path):
    """A phone that adb leads to. Whatever a test does with it, nothing may be left on it."""
    enter(module_phone, monkeypatch)
    yield module_phone
    assert module_phone.files() == []


def enter(phone, monkeypatch):
    """Lead adb to a phone, and to nothing else."""
    for name, value in phone.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run(capfd):
    """`run(*words)` is (exit code, standard output, standard error) of a benchmark on a phone."""

    def run(*words):
        code = main(["benchmark", *map(str, words), "--android"])
        return code, *capfd.readouterr()

    return run
