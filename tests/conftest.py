import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import pytest
import tensorflow as tf

# tfmot sets TF_USE_LEGACY_KERAS, which would turn the lazy `tf.keras` into tf_keras: load it first.
tf.keras.version()

# Two virtual CPUs, so that MirroredStrategy has two replicas; must precede any TensorFlow call.
_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def _same_start():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
