"""A small model, and ways to train it with clusters."""

import keras
import numpy as np
from keras import layers

from tests.masks.conftest import small_model as model_under_masks
from tfprune.clustering import cluster_weights

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 6)).astype("float32")
Y = RNG.normal(size=(32, 2)).astype("float32")


def small_model():
    keras.utils.set_random_seed(1)
    return model_under_masks()


def clustered(optimizer="adam", number=4, model=None, **arguments):
    """The small model with clusters, compiled."""
    compiling = {k: arguments.pop(k) for k in ("run_eagerly", "jit_compile") if k in arguments}
    model = cluster_weights(small_model() if model is None else model, number, **arguments)
    model.compile(optimizer, "mse", **compiling)
    return model


def fit(model, epochs=2):
    return model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, shuffle=False)


def kernel(model, name="hidden"):
    """The kernel of a layer, wrapped or not."""
    layer = model.get_layer(name)
    return np.asarray(getattr(layer, "layer", layer).kernel)


def one_kernel(values, number, start="LINEAR", **arguments):
    """A wrapped Dense layer with this kernel and no bias."""
    values = np.array(values, "float32")
    dense = layers.Dense(values.shape[1], use_bias=False, name="d")
    model = keras.Sequential([keras.Input((values.shape[0],)), dense])
    dense.kernel.assign(values)
    how = f"CentroidInitialization.{start}"
    return cluster_weights(model, number, how, **arguments)
