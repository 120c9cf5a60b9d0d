"""What the converter stores sparse is what Keras holds, for random patterns of zeros."""

import keras
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from tfprune.export import convert
from tfprune.tflite import read_tflite


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 1000),
    widths=st.lists(st.integers(5, 300), min_size=3, max_size=3),
    sparsity=st.floats(0.7, 0.99),
)
def test_a_sparse_file_decodes_to_the_kernels_it_was_made_from(tmp_path, seed, widths, sparsity):
    random = np.random.default_rng(seed)
    model = keras.Sequential([keras.Input((16,)), *(layers.Dense(n) for n in widths)])
    for layer in model.layers:
        keep = random.random(layer.kernel.shape) > sparsity
        layer.kernel.assign(np.where(keep, random.normal(size=keep.shape), 0))
    result = convert(model, tmp_path / "m.tflite")
    tensors = read_tflite(result.path).tensors
    for layer, link in zip(model.layers, result.kernels, strict=True):
        values = tensors[link.tensor_index].values()
        assert np.array_equal(values, np.array(layer.kernel).T)
