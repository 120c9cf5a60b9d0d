"""Models of tf_keras, still wrapped by tfmot or stripped, convert too."""

import numpy as np
import pytest

from tfprune.export import convert
from tfprune.tflite import read_tflite

from .models import run

pytestmark = pytest.mark.tfmot
tf_keras = pytest.importorskip("tf_keras")
X = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


def test_a_model_wrapped_by_tfmot_converts_like_the_stripped_one(tmp_path):
    tfmot = pytest.importorskip("tensorflow_model_optimization").sparsity.keras
    layers = tf_keras.layers
    model = tf_keras.Sequential(
        [layers.Input((8, 8, 3)), layers.Conv2D(4, 3, name="c"), layers.Flatten(), layers.Dense(2)]
    )
    wrapped = tfmot.prune_low_magnitude(model, tfmot.ConstantSparsity(0.5, 0, frequency=1))
    wrapped.compile("sgd", "mse")
    wrapped.fit(X, np.zeros((4, 2)), callbacks=[tfmot.UpdatePruningStep()], verbose=0)
    result = convert(wrapped, tmp_path / "m.tflite")
    assert next((link.kernel, link.zeros) for link in result.kernels) == ("c/kernel", 54)
    assert len(read_tflite(result.path).subgraphs) == 1
    np.testing.assert_allclose(run(result.path, X[:1]), wrapped(X[:1]), atol=1e-5)
