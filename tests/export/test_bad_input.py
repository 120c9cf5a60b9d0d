"""What `convert` refuses, and that nothing is half-written then."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfprune.errors import FileError, PruneError
from tfprune.export import convert

from .models import mobilenet, small_dense

X = np.random.default_rng(1).normal(size=(16, 4)).astype("float32")

BAD_DATA = {
    "the data is missing": None,
    "the data is empty": [],
    "'x' holds 1 NaN among its 64 values": np.where(X.max() > X, X, np.nan),
    "64 NaN": X * np.nan,
    "an array of shape": np.zeros((3, 5)),
    "no such file or folder": "words",
    "of type int holds no arrays": 3,
    "the data repeats without end": tf.data.Dataset.from_tensors(X).repeat(),
    "inputs are called": {"wrong": X},
}


@pytest.mark.parametrize("found", BAD_DATA)
def test_representative_data_that_does_not_fit_is_refused(tmp_path, found):
    with pytest.raises(PruneError, match=found):
        convert(small_dense(), tmp_path / "m.tflite", "int8", BAD_DATA[found])


def test_a_layer_name_that_tensorflow_refuses_is_named_and_names_nothing_afterwards(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="my head")], name="net")
    with pytest.raises(PruneError, match="does not take the layer name 'my head'"):
        convert(model, tmp_path / "m.tflite")
    after = layers.Dense(2, name="after")
    after.build((None, 4))
    assert after.kernel.path == "after/kernel"  # Keras alone would call it net/after/kernel


BAD_MODES = {
    "there is no such quantization": {"quantize": "int3"},
    "int8 with quantize='int8'": {"quantize": "dynamic", "io_dtype": "int8"},
    "sparse is 'auto', True or False": {"sparse": "yes"},
    "a batch holds at least one sample": {"batch_size": 0},
}


@pytest.mark.parametrize("found", BAD_MODES)
def test_a_mode_that_does_not_exist_is_refused(tmp_path, found):
    with pytest.raises(PruneError, match=found):
        convert(small_dense(), tmp_path / "m.tflite", **BAD_MODES[found])


@pytest.mark.parametrize(
    ("source", "error", "found"),
    [
        (3, PruneError, "no Keras model"),
        ("missing.keras", FileError, "no such file"),
        (__file__, FileError, "a .py file holds no Keras model"),
        (".", FileError, "no saved_model.pb"),
    ],
)
def test_something_that_is_no_model_is_refused(tmp_path, source, error, found):
    with pytest.raises(error, match=found):
        convert(source, tmp_path / "m.tflite")


def test_a_truncated_keras_file_is_refused(tmp_path):
    small_dense().save(tmp_path / "m.keras")
    whole = (tmp_path / "m.keras").read_bytes()
    (tmp_path / "m.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FileError, match="the file is cut off"):
        convert(tmp_path / "m.keras", tmp_path / "m.tflite")


def test_an_unbuilt_model_is_refused(tmp_path):
    with pytest.raises(PruneError, match="it is not built"):
        convert(keras.Sequential([layers.Dense(3)]), tmp_path / "m.tflite")


@pytest.mark.parametrize("path", ["m.h5", "nowhere/m.tflite"])
def test_a_path_that_cannot_be_written_is_refused_before_any_work(tmp_path, path):
    with pytest.raises(FileError):
        convert(mobilenet(), tmp_path / path)


def test_a_loop_can_not_be_calibrated(tmp_path):
    # TensorFlow's calibrator would end this process.
    x = keras.Input((3, 4))
    model = keras.Model(x, layers.LSTM(2)(x))
    with pytest.raises(PruneError, match="unroll=True"):
        convert(model, tmp_path / "m.tflite", "int8", np.zeros((2, 3, 4)))


def test_a_failed_conversion_leaves_the_old_file_as_it_was(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(b"old")
    with pytest.raises(PruneError, match="rule 'quantization'"):
        convert(small_dense(), path, "int8", X, sparse=True)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.tflite"]


def test_weights_that_are_not_numbers_are_refused_and_no_file_is_written(tmp_path):
    dense = layers.Dense(2, name="head")
    model = keras.Sequential([keras.Input((2,)), dense], name="diverged")
    dense.kernel.assign([[1.0, np.nan], [np.nan, 2.0]])
    with pytest.raises(PruneError, match="head/kernel holds 2 NaN among its 4 values"):
        convert(model, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []
