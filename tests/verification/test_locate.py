"""Which layer is named when a file is wrong, and that looking for it hides nothing."""

from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest

from tfprune.errors import VerificationError
from tfprune.export import convert
from tfprune.verification import verify

layers = keras.layers


def nested():
    keras.utils.set_random_seed(0)
    a = keras.Input((4,))
    inner = keras.Model(a, layers.Dense(5, name="last")(layers.Dense(3, name="first")(a)))
    inner.name = "backbone"
    b = keras.Input((4,))
    return keras.Model(b, layers.Dense(2, name="head")(inner(b))), inner


@pytest.mark.parametrize("layer", ["first", "last"])
def test_of_a_nested_model_the_layer_inside_is_named(tmp_path, layer):
    model, inner = nested()
    convert(model, tmp_path / "m.tflite")
    bias = inner.get_layer(layer).bias
    bias.assign(np.ones(bias.shape))
    with pytest.raises(VerificationError, match=f"differs is 'backbone/{layer}'"):
        verify(model, tmp_path / "m.tflite")


def test_a_model_that_is_its_own_layer_twice_is_searched_too(tmp_path):
    _, inner = nested()
    a = keras.Input((4,))
    model = keras.Model(a, [inner(a), inner(layers.Dense(4, name="between")(a))])
    convert(model, tmp_path / "m.tflite")
    model.get_layer("between").bias.assign(np.ones(4))
    result = verify(model, tmp_path / "m.tflite", raise_on_failure=False)
    assert not result.passed and result.culprit == "between"


def test_a_search_that_fails_does_not_hide_the_failure(tmp_path, monkeypatch):
    def fails(*_):
        raise ValueError("Output with path `0` is not connected")

    model, inner = nested()
    convert(model, tmp_path / "m.tflite")
    inner.get_layer("first").bias.assign(np.ones(3))
    room = importlib.import_module("tfprune.verification.verify")
    monkeypatch.setattr(room, "first_different_layer", fails)
    result = verify(model, tmp_path / "m.tflite", raise_on_failure=False)
    assert not result.passed and "not connected" in str(result.notes[-1])
    with pytest.raises(VerificationError, match="no single layer could be found"):
        verify(model, tmp_path / "m.tflite")
