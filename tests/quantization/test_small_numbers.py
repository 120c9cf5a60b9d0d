"""A small number that keeps a root, a logarithm or a division from zero is not rounded away."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import tfprune

TOLD = "int8 would round away the small number"
KEPT = {
    "a root": lambda x: ops.sqrt(ops.square(x) + 1e-6),
    "the inverse of a root": lambda x: ops.rsqrt(ops.square(x) + 1e-6),
    "a logarithm": lambda x: ops.log(ops.maximum(ops.square(x), 1e-6)),
    "a division": lambda x: x / (ops.abs(x) + 1e-6),
}


@pytest.mark.parametrize("what", KEPT)
def test_training_goes_on_where_it_is_given_zeros(what, caplog):
    numbers = keras.Input((2,))
    model = keras.Model(numbers, KEPT[what](layers.Dense(2, use_bias=False)(numbers)))
    aware = tfprune.quantize_model(model)
    assert TOLD in caplog.text
    aware.compile("sgd", "mse")
    aware.fit(np.array([[0.0, 0.0], [1.0, 2.0]]), np.ones((2, 2)), epochs=2, verbose=0)
    assert all(np.isfinite(weight).all() for weight in aware.get_weights())


def test_other_sums_with_a_number_are_rounded(caplog):
    numbers = keras.Input((2,))
    model = keras.Model(numbers, ops.relu(layers.Dense(2)(numbers) + 1.0))
    tfprune.quantize_model(model)
    assert TOLD not in caplog.text
