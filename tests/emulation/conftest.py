"""Three small files, and the emulator: fetched once, into the cache that `TFPRUNE_CACHE` names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfprune import convert
from tfprune.cli import main
from tfprune.emulation import setup_arm64
from tfprune.emulation.debian import check_machine
from tfprune.errors import PruneError

layers = keras.layers


@dataclass(frozen=True)
class Pair:
    model: Any
    path: str


@pytest.fixture(scope="session")
def ready():
    """The set-up. Without Linux or apt there can be none; without a network the tests fail."""
    try:
        check_machine()
    except PruneError as error:
        pytest.skip(f"no emulated ARM64: {error.found}")
    return setup_arm64()


@pytest.fixture
def no_setup(tmp_path, monkeypatch):
    """An x86 host with an empty cache."""
    monkeypatch.setenv("TFPRUNE_CACHE", str(tmp_path))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    return tmp_path


def build(pool_inside=False):
    """A MobileNet of two blocks for 32 pixels, entered and left as XNNPACK wants it."""
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3), name="image")
    x = layers.ZeroPadding2D(1)(image)
    x = layers.Conv2D(16, 3, strides=2, activation="relu", use_bias=False, name="stem")(x)
    for i, channels in enumerate((32, 64)):
        x = layers.DepthwiseConv2D(3, padding="same", activation="relu", use_bias=False)(x)
        x = layers.Conv2D(channels, 1, activation="relu", use_bias=False, name=f"point_{i}")(x)
        if pool_inside and i == 0:
            x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, name="head")(x))


def four_fifths_zero(model):
    generator = np.random.default_rng(0)
    for name in ("point_0", "point_1"):
        kernel = model.get_layer(name).kernel
        kernel.assign(kernel * (generator.random(kernel.shape) > 0.8))
    return model


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("emulation")


@pytest.fixture(scope="session")
def dense(folder):
    model = build()
    return Pair(model, convert(model, folder / "dense.tflite").path)


@pytest.fixture(scope="session")
def sparse(folder):
    model = four_fifths_zero(build())
    result = convert(model, folder / "sparse.tflite")
    assert result.sparse
    return Pair(model, result.path)


@pytest.fixture(scope="session")
def wrong_on_phones(folder):
    """A max pooling inside the sparse cluster, forced past the check that `convert` makes."""
    model = four_fifths_zero(build(pool_inside=True))
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    path = folder / "wrong.tflite"
    path.write_bytes(converter.convert())
    return Pair(model, str(path))


@pytest.fixture
def run(capfd):
    """`run(*words)` is (exit code, standard output, standard error) of one command."""

    def run(*words):
        code = main([str(word) for word in words])
        return code, *capfd.readouterr()

    return run
