"""What is drawn where a user gives no inputs, above all for integer files."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from tfprune.export import convert
from tfprune.verification import verify

layers = keras.layers


@pytest.fixture
def adder():
    """Adds eight numbers of which real data have one only, so that noise is far beyond it."""
    inputs = keras.Input((8,), name="x")
    total = layers.Dense(3, name="total", kernel_initializer="ones", use_bias=False)(inputs)
    return keras.Model(inputs, layers.Dense(2, name="head", kernel_initializer="ones")(total))


@pytest.fixture
def int8_file(adder, tmp_path):
    path = tmp_path / "m.tflite"
    one_each = np.random.default_rng(0).random((64, 1)) * np.eye(8)[np.arange(64) % 8]
    convert(adder, path, "int8", one_each.astype(np.float32))
    return path


def test_a_right_int8_file_is_judged_inside_its_ranges(adder, int8_file):
    result = verify(adder, int8_file)
    assert result.passed and result.advice == ""
    assert "floats in [0, 0.12" in result.checks[0].detail
    assert "0.125 of its input's range" in result.checks[0].detail
    assert "give real inputs" in result.notes[0].reason


@pytest.mark.parametrize("layer", ["total", "head"])
def test_a_real_fault_fails_there_too_and_says_what_to_do(adder, int8_file, layer):
    kernel = adder.get_layer(layer).kernel
    kernel.assign(np.where(np.arange(kernel.shape[0])[:, None] % 2, 2.0, kernel.numpy()))
    result = verify(adder, int8_file, raise_on_failure=False)
    assert not result.passed and result.culprit == layer
    assert "give real inputs" in json.loads(json.dumps(result.to_dict()))["advice"]
    assert "give real inputs" in str(result)


def test_a_range_that_ends_where_arithmetic_ends_is_not_clipped(tmp_path):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16,))
    x = layers.Dense(16, kernel_initializer=keras.initializers.RandomNormal(stddev=3.0))(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="head")(layers.ReLU(6.0)(x)))
    data = np.random.default_rng(0).random((256, 16))
    convert(model, tmp_path / "m.tflite", "int8", data)
    assert "floats in [0, 1];" in verify(model, tmp_path / "m.tflite").checks[0].detail
