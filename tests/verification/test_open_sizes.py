"""Files that leave height, width or length open: the sizes that are tried, and what is said."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tfprune.ablation import quantization_errors
from tfprune.bench import benchmark
from tfprune.errors import PruneError
from tfprune.export import convert
from tfprune.runners import Runner
from tfprune.verification import verify

layers = keras.layers


class Positions(layers.Layer):
    """Adds one of `length` vectors to each place, so that no sequence may be longer."""

    def __init__(self, length, **kwargs):
        super().__init__(**kwargs)
        self.table = self.add_weight(shape=(length, 4), name="table")

    def call(self, x):
        return x + keras.ops.take(self.table, keras.ops.arange(keras.ops.shape(x)[1]), axis=0)


def image_model():
    """Runs on images of at least 15x15, so neither on 1x1 nor on 8x8."""
    image = keras.Input((None, None, 3), name="image")
    x = layers.Conv2D(4, 7, strides=2)(image)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 5)(x))
    return keras.Model(image, layers.Dense(2)(x))


def sentence_model():
    """Runs on 5 to 20 words."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = Positions(20)(layers.Embedding(9, 4)(ids))
    return keras.Model(ids, layers.GlobalMaxPooling1D()(layers.Conv1D(3, 5)(x)))


@pytest.fixture(scope="module", params=[image_model, sentence_model])
def open_sized(request, tmp_path_factory):
    keras.utils.set_random_seed(0)
    path = tmp_path_factory.mktemp("open") / "m.tflite"
    model = request.param()
    convert(model, path)
    return model, path


def test_a_right_file_is_verified_at_the_first_size_that_keras_bears(open_sized):
    model, path = open_sized
    result = verify(model, path)
    size = 32 if model.inputs[0].ndim == 4 else 16
    assert result.passed and f"open sizes {size}" in result.checks[0].detail


def test_a_benchmark_says_at_which_sizes_it_took_the_times(open_sized):
    model, path = open_sized
    size = "image (1, 32, 32, 3)" if model.inputs[0].ndim == 4 else "ids (1, 16)"
    [note, *_] = benchmark(path, runs=2, rounds=1, warmup=0).notes
    assert f"it leaves sizes open; run at {size}" in note.reason


def test_a_file_that_runs_at_no_size_asks_for_inputs(tmp_path):
    image = keras.Input((None, None, 1))
    model = keras.Model(image, layers.Conv2D(1, 301)(image))
    convert(model, tmp_path / "m.tflite")
    with pytest.raises(PruneError, match=r"(?s)runs at none of 32, 64, .*pass inputs"):
        verify(model, tmp_path / "m.tflite", samples=1)
    with pytest.raises(PruneError, match=r"(?s)runs at none of 32, 64, .*give inputs"):
        benchmark(tmp_path / "m.tflite", runs=1, rounds=1)


def test_a_file_is_prepared_for_the_sizes_of_its_inputs(open_sized):
    model, path = open_sized
    is_image = model.inputs[0].ndim == 4
    given = np.ones((2, 17, 17, 3), np.float32) if is_image else np.ones((2, 17), np.int32)
    assert verify(model, path, given).passed
    with Runner(path) as runner:
        np.testing.assert_allclose(runner.run([given[:1]])[0], model(given[:1]), atol=1e-5)


def test_layers_of_a_model_with_open_sizes_are_ranked():
    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).random((6, 17, 17, 3), np.float32)
    found = quantization_errors(image_model(), images, samples=2)
    assert 0 < found.error < 0.5 and found.rows[0].error > 0
