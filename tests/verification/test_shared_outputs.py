"""Outputs that are one tensor: the file lists it twice, its signature gives it two names."""

from __future__ import annotations

import keras
import pytest

from tfprune.export import convert
from tfprune.runners import TensorSpec
from tfprune.verification import verify
from tfprune.verification.pairing import pair

layers = keras.layers


def dropout_behind(a, one, two):
    x, y = one(a), two(a)
    return [x, y, layers.Dropout(0.5)(x)]


def linear_activation(a, one, two):
    x = one(a)
    return {"same": layers.Activation("linear")(x), "x": x, "other": two(a)}


def one_tensor_twice(a, one, two):
    x = one(a)
    return {"p": x, "q": two(a), "r": x}


def the_input_twice(a, one, two):
    return [a, one(a), a]


def a_layer_called_twice(a, one, two):
    return [one(a), two(a), one(a)]


@pytest.mark.parametrize(
    "outputs",
    [dropout_behind, linear_activation, one_tensor_twice, the_input_twice, a_layer_called_twice],
)
def test_outputs_that_share_a_tensor_are_paired_by_their_names(tmp_path, outputs):
    keras.utils.set_random_seed(0)
    a = keras.Input((3,))
    one, two = layers.Dense(3, name="one"), layers.Dense(3, name="two")
    model = keras.Model(a, outputs(a, one, two))
    convert(model, tmp_path / "m.tflite")
    result = verify(model, tmp_path / "m.tflite")
    assert result.passed and result.notes == () and len(result.checks) == 2 * len(model.outputs)
    one.bias.assign([1.0, 0.0, 0.0])
    failed = verify(model, tmp_path / "m.tflite", raise_on_failure=False)
    assert not failed.passed and failed.culprit == "one"


def test_one_tensor_of_the_file_may_bear_two_names():
    specs = [TensorSpec(name="x", shape=(1, 2), dtype="float32", signature="a", aliases=("b",))]
    assert pair("outputs", {"a": (1, 2), "b": (1, 2)}, specs, "m.tflite") == ({"a": 0, "b": 0}, ())
