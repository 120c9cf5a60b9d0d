"""A network that needs every change, made ready and pruned: what ARM64 really does with it."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tests.emulation.conftest import ready
from tests.rewriting.models import IMAGES, randomized

__all__ = ["ready"]


def habits():
    """What Keras users write: none of it can run sparse as it is."""
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, 2, "same", activation="relu", name="stem")(image)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(64, 1, name="expand")(x)
    x = x * (layers.ReLU(6.0)(x + 3.0) / 6.0)
    x = layers.DepthwiseConv2D(3, 2, "same", name="half")(layers.Rescaling(0.5, 0.1)(x))
    s = layers.Dense(16, "relu")(layers.GlobalAveragePooling2D()(x))
    s = layers.Reshape((1, 1, 64))(layers.Dense(64, "hard_sigmoid")(s))
    x = layers.Conv2D(96, 1, activation="relu", name="project")(layers.Multiply()([x, s]))
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Conv2D(10, 1, name="classes")(layers.Dropout(0.2)(x))
    return randomized(keras.Model(image, layers.Reshape((10,))(x), name="habits"))


def thinned(model, sparsity=0.8):
    random = np.random.default_rng(0)
    for layer in model.layers:
        if tfprune.PruneForLatencyOnXNNPack().allow_pruning(layer):
            kernel = np.array(layer.kernel)
            layer.kernel.assign(kernel * (random.uniform(size=kernel.shape) > sparsity))
    return model


@pytest.fixture(scope="module")
def pruned():
    return thinned(tfprune.make_sparse_ready(habits()))


def test_what_keras_users_write_runs_dense(tmp_path):
    result = tfprune.convert(thinned(habits()), tmp_path / "as_it_is.tflite")
    assert "runs dense" in result.sparse_reason


def test_made_ready_it_runs_sparse_and_right_on_arm64(pruned, ready, tmp_path):
    path = tmp_path / "ready.tflite"
    assert "runs sparse on ARM64" in tfprune.convert(pruned, path, sparse=True).sparse_reason
    assert tfprune.verify(pruned, path, IMAGES, samples=1, target="arm64").passed
    [row] = tfprune.count_instructions(path).rows
    assert any("spmm" in kernel for kernel in row.kernels)
