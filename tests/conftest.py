import gc
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# Two processes on two cores: threads of one operator would wait for each other, and burn a sixth.
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

import hypothesis
import keras
import pytest
import tensorflow as tf

# The same examples in every run, so that a red test stays red; new ones come from `make proof`.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("searching", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# tfmot sets TF_USE_LEGACY_KERAS, which would turn the lazy `tf.keras` into tf_keras: load it first.
tf.keras.version()

# Two virtual CPUs, so that MirroredStrategy has two replicas; must precede any TensorFlow call.
_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


def pytest_collection_modifyitems(items):
    """A private name that a new Keras renamed is said first, before all that fails with it."""
    items.sort(key=lambda item: item.path.name != "test_keras_internals.py")


def pytest_collection_finish():
    """TensorFlow's converter collects garbage each time: not among all that the imports made."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _same_start():
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for all tests: a second one in a process would number its sums from 100 again,
    and TensorFlow takes them for those of the first."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
