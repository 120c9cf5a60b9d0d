"""A small network on real digits, from float training to the int8 file."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.demo.digits import load_digits

from .road import converted, float_ops, steps_apart


@pytest.fixture(scope="module")
def digits():
    return load_digits(500)


@pytest.fixture(scope="module")
def model(digits):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(8, 3, strides=2, use_bias=False, name="conv"),
            layers.BatchNormalization(momentum=0.8, name="bn"),
            layers.ReLU(name="act"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="head"),
        ]
    )
    return fit(model, digits, epochs=4)


@pytest.fixture(scope="module")
def aware(model, digits):
    return fit(tfprune.quantize_model(model), digits, epochs=2)


def fit(model, digits, epochs):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(digits.train_x[..., None], digits.train_y, epochs=epochs, verbose=0)
    return model


def test_ranges_lie_where_int8_ops_end(aware):
    assert [layer.name for layer in aware.layers[1:]] == [
        "image_range",
        "conv",  # with the BatchNormalization folded in
        "act",
        "act_range",
        "flat",
        "head",  # rounds its output itself, so that the output keeps its name
    ]


@pytest.mark.parametrize("io_dtype", ["float32", "int8"])
@pytest.mark.parametrize("xnnpack", [True, False])
def test_the_file_is_int8_and_equals_keras(aware, digits, tmp_path, io_dtype, xnnpack):
    path = converted(aware, tmp_path, io_dtype=io_dtype)
    steps = steps_apart(aware, path, digits.test_x[:8, ..., None], xnnpack)["output_0"]
    assert float_ops(path) == []
    assert steps.max() < 1.01
    assert np.mean(steps < 0.01) > 0.95


def test_accuracy_is_that_of_the_float_model(model, aware, digits):
    x = digits.test_x[..., None]
    _, before = model.evaluate(x, digits.test_y, verbose=0)
    _, after = aware.evaluate(x, digits.test_y, verbose=0)
    assert after >= before - 0.03


def test_a_saved_model_computes_the_same(aware, digits, tmp_path):
    aware.save(tmp_path / "aware.keras")
    again = keras.saving.load_model(tmp_path / "aware.keras")
    x = digits.test_x[:20, ..., None]
    np.testing.assert_array_equal(again.predict(x, verbose=0), aware.predict(x, verbose=0))


def test_the_model_that_was_passed_stays_as_it_is(model, digits):
    before = model.get_weights()
    fit(tfprune.quantize_model(model), digits, epochs=1)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_verify_counts_its_kernels(aware, digits, tmp_path):
    path = converted(aware, tmp_path)
    result = tfprune.verify(aware, path, digits.test_x[:8, ..., None])
    assert [kernel.kernel for kernel in result.kernels] == ["conv/kernel", "head/kernel"]


def test_without_training_the_ranges_are_unknown(model, tmp_path):
    with pytest.raises(tfprune.PruneError, match="3 of its 3 ranges were never learned"):
        converted(tfprune.quantize_model(model), tmp_path)


def test_it_becomes_nothing_but_int8(aware, tmp_path):
    with pytest.raises(tfprune.PruneError, match="use quantize='int8'"):
        tfprune.convert(aware, tmp_path / "model.tflite", quantize="float16")
