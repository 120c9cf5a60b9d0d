"""Two small .tflite files, converted directly, so that these tests need no other room."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture(scope="session")
def classifier():
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, activation="relu", name="stem")(image)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, keras.layers.Dense(3, activation="softmax", name="head")(x))


def calibration():
    generator = np.random.default_rng(0)
    for _ in range(8):
        yield [generator.random((1, 8, 8, 3), np.float32)]


@pytest.fixture(scope="session")
def files(tmp_path_factory, classifier) -> dict[str, Path]:
    """`float32` and `int8` (with int8 inputs and outputs) of one image classifier."""
    folder = tmp_path_factory.mktemp("tflite")
    plain = tf.lite.TFLiteConverter.from_keras_model(classifier)
    full = tf.lite.TFLiteConverter.from_keras_model(classifier)
    full.optimizations = [tf.lite.Optimize.DEFAULT]
    full.representative_dataset = calibration
    full.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    full.inference_input_type = full.inference_output_type = tf.int8
    paths = {"float32": folder / "float32.tflite", "int8": folder / "int8.tflite"}
    paths["float32"].write_bytes(plain.convert())
    paths["int8"].write_bytes(full.convert())
    return paths


@pytest.fixture
def image():
    return np.random.default_rng(1).random((1, 8, 8, 3), np.float32)
