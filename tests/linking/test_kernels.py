"""Which tensor each kernel became, on which axes, with how many zeros."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune.export import convert
from tfprune.keras_facts import kernels_of
from tfprune.linking.matching import match, real_values
from tfprune.tflite import read_tflite


def zeroed(model, sparsity=0.5):
    random = np.random.default_rng(0)
    for kernel in kernels_of(model):
        values = np.array(kernel.variable)
        kernel.variable.assign(np.where(random.random(values.shape) < sparsity, 0, values))
    return model


def image(*stack):
    return keras.Sequential([keras.Input((8, 8, 4)), *stack])


def series(*stack):
    return keras.Sequential([keras.Input((9, 6)), *stack])


def attention():
    x = keras.Input((5, 8))
    return keras.Model(x, layers.MultiHeadAttention(2, 3, name="mha")(x, x))


# One model for each kind of kernel, and the axis order of each of its kernels.
AXES = {
    "conv": (lambda: image(layers.Conv2D(6, 3, name="c")), {"c/kernel": (3, 0, 1, 2)}),
    "grouped": (lambda: image(layers.Conv2D(6, 3, groups=2, name="c")), {"c/kernel": (3, 0, 1, 2)}),
    "depthwise": (lambda: image(layers.DepthwiseConv2D(3, name="d")), {"d/kernel": (0, 1, 2, 3)}),
    "separable": (
        lambda: image(layers.SeparableConv2D(5, 3, depth_multiplier=2, name="s")),
        {"s/depthwise_kernel": (0, 1, 2, 3), "s/pointwise_kernel": (3, 0, 1, 2)},
    ),
    "transposed": (
        lambda: image(layers.Conv2DTranspose(5, 3, name="t")),
        {"t/kernel": (2, 0, 1, 3)},
    ),
    "conv 1d": (lambda: series(layers.Conv1D(5, 3, name="c")), {"c/kernel": (2, 0, 1)}),
    "dense": (lambda: series(layers.Dense(5, name="d")), {"d/kernel": (1, 0)}),
    "einsum": (
        lambda: series(layers.EinsumDense("abc,cde->abde", (None, 2, 4), name="e")),
        {"e/kernel": (1, 2, 0)},
    ),
    "attention": (
        attention,
        {
            "mha/query/kernel": (1, 2, 0),
            "mha/key/kernel": (1, 2, 0),
            "mha/value/kernel": (1, 2, 0),
            "mha/attention_output/kernel": (2, 0, 1),
        },
    ),
    "embedding": (
        lambda: keras.Sequential(
            [keras.Input((4,), dtype="int32"), layers.Embedding(20, 6, name="e")]
        ),
        {"e/embeddings": (0, 1)},
    ),
    "recurrent": (
        lambda: series(layers.LSTM(3, name="r")),
        {"r/lstm_cell/kernel": (1, 0), "r/lstm_cell/recurrent_kernel": (1, 0)},
    ),
}


@pytest.mark.parametrize("kind", AXES)
def test_each_kind_of_kernel_is_found_with_its_axes_and_zeros(tmp_path, kind):
    build, axes = AXES[kind]
    model = zeroed(build())
    result = convert(model, tmp_path / "m.tflite", sparse=False)
    assert {link.kernel: link.axes for link in result.kernels} == axes
    graphs = read_tflite(result.path).subgraphs
    for kernel, link in zip(kernels_of(model), result.kernels, strict=True):
        tensor = graphs[link.graph].tensors[link.tensor_index]
        keras_zeros = np.transpose(kernel.variable, link.axes).reshape(link.tflite_shape) == 0
        assert np.array_equal(tensor.values() == 0, keras_zeros)
        assert link.zeros == keras_zeros.sum()


def test_equal_kernels_are_told_apart_by_their_layers(tmp_path):
    x = keras.Input((6,))
    same = {"kernel_initializer": keras.initializers.RandomNormal(seed=1), "use_bias": False}
    y = layers.Dense(6, name="first", activation="relu", **same)(x)
    model = keras.Model(x, layers.Dense(6, name="second", activation="relu", **same)(y))
    links = convert(model, tmp_path / "m.tflite").kernels
    assert [link.kernel for link in links] == ["first/kernel", "second/kernel"]


def test_a_kernel_that_was_folded_away_is_a_note(tmp_path):
    x = keras.Input((4,))
    dead = layers.Dense(3, kernel_initializer="zeros", use_bias=False, name="dead")(x)
    model = keras.Model(x, layers.Add()([dead * 0.0, layers.Dense(3, name="alive")(x)]))
    result = convert(model, tmp_path / "m.tflite")
    linked = {link.kernel for link in result.kernels}
    noted = {note.subject for note in result.notes}
    assert linked | noted == {"dead/kernel", "alive/kernel"} and "alive/kernel" in linked


def test_a_kernel_whose_name_was_lost_is_found_by_its_values(tmp_path):
    # The converter names the last tensors of a model after its output, not after their layer.
    model = keras.Sequential([keras.Input((16,)), layers.Dense(40, use_bias=False, name="last")])
    (link,) = convert(zeroed(model, 0.9), tmp_path / "m.tflite").kernels
    assert link.kernel == "last/kernel" and "last" not in link.tensor


def test_a_kernel_is_recognized_up_to_a_scale_per_output_channel():
    kernel = np.array([[1, 0, 2, 4], [0, 3, 4, 0], [1, 1, 0, 1]], np.float32)
    found = match(kernel, (1,), (kernel * [2, 3, 4, 0]).T)
    assert found is not None and found.axes == (1, 0)


def test_a_tensor_without_the_zeros_is_another_kernel():
    kernel = np.array([[1, 0, 2], [0, 3, 4]], np.float32)
    nearly = np.where(kernel == 0, 0.01, kernel).astype(np.float32)
    assert match(kernel, (1,), kernel.T) is not None
    assert match(kernel, (1,), nearly.T) is None


def test_real_values_apply_the_scale_of_each_channel(tmp_path):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, use_bias=False)])
    random = np.random.default_rng(0)
    kernel = random.normal(size=(6, 4)).astype("float32") * [1, 10, 100, 1000]
    model.layers[0].kernel.assign(kernel)
    data = random.normal(size=(8, 6)).astype("float32")
    result = convert(model, tmp_path / "m.tflite", "int8", data)
    values = real_values(read_tflite(result.path).tensors[result.kernels[0].tensor_index])
    step = abs(kernel).max(axis=0) / 127
    assert (abs(values.T - kernel) <= 0.51 * step).all()


@pytest.mark.tfmot
def test_the_fused_lstm_of_tf_keras_has_four_links_and_a_note_for_each_kernel(tmp_path):
    old = pytest.importorskip("tf_keras").layers
    model = pytest.importorskip("tf_keras").Sequential([old.Input((6, 5)), old.LSTM(4)])
    result = convert(model, tmp_path / "m.tflite")
    assert [link.tflite_shape for link in result.kernels] == [(4, 5)] * 4 + [(4, 4)] * 4
    assert all(link.axes is None for link in result.kernels)
    assert ["four gates" in note.reason for note in result.notes] == [True, True]
