"""What calibration refuses before TensorFlow meets it."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.errors import PruneError
from tfprune.export import convert


def test_samples_that_make_an_empty_map_are_refused(tmp_path):
    """TensorFlow's calibrator ends the process over one, by SIGFPE."""
    x = image = keras.Input((None, None, 3))
    for i in range(3):
        x = layers.MaxPooling2D(name=f"pool_{i}")(layers.Conv2D(2, 1)(x))
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(PruneError, match="first sample is too small: 'pool_2'"):
        convert(model, tmp_path / "m.tflite", "int8", np.zeros((2, 4, 4, 3), "float32"))
    assert not (tmp_path / "m.tflite").exists()
    convert(model, tmp_path / "m.tflite", "int8", np.ones((2, 8, 8, 3), "float32"))


def test_a_relu_that_lets_nothing_through_leaves_a_file_that_loads(tmp_path):
    numbers = keras.Input((4,))
    dead = keras.layers.Dense(3, "relu", bias_initializer=keras.initializers.Constant(-100.0))
    model = keras.Model(numbers, keras.layers.Dense(2, bias_initializer="ones")(dead(numbers)))
    x = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    tfprune.convert(model, tmp_path / "m.tflite", quantize="int8", representative_dataset=x)
    assert tfprune.verify(model, tmp_path / "m.tflite", x).passed
