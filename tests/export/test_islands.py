"""ELU has an int8 kernel that the converter does not use."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.tflite import read_tflite


def elu_between(*others):
    keras.utils.set_random_seed(0)
    x = keras.Input((4,))
    y = layers.ELU()(layers.Dense(4)(x))
    return keras.Model(x, [layers.Dense(2)(y), *(other(y) for other in others)])


def converted(model, path):
    x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
    tfprune.convert(model, path, quantize="int8", representative_dataset=x)
    assert tfprune.verify(model, path, x).passed
    return [op.name for op in read_tflite(path).ops]


def test_elu_becomes_int8(tmp_path):
    ops = converted(elu_between(), tmp_path / "model.tflite")
    assert ops == ["QUANTIZE", "FULLY_CONNECTED", "ELU", "FULLY_CONNECTED", "DEQUANTIZE"]


@pytest.mark.parametrize("other", [keras.ops.sin, lambda y: y], ids=["read", "an output"])
def test_an_elu_whose_float_output_is_wanted_stays_as_it_is(other, tmp_path):
    ops = converted(elu_between(other), tmp_path / "model.tflite")
    assert ops.count("ELU") == 1
    assert ops.count("DEQUANTIZE") > 1
