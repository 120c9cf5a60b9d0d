"""Each layer's multiply-accumulates, worked out by hand: positions x kernel."""

import keras
import pytest
from keras import layers

from tfprune.counts import count, macs_by_kernel
from tfprune.quantization import quantize_model

# layer, shape of one sample, MACs written out
CASES = [
    (layers.Conv1D(4, 3), (10, 2), 8 * 3 * 2 * 4),
    (layers.Conv2D(8, 3), (6, 6, 3), 16 * 9 * 3 * 8),
    (layers.Conv2D(8, 3, padding="same"), (6, 6, 3), 36 * 9 * 3 * 8),
    (layers.Conv2D(8, 3, strides=2, padding="same"), (7, 7, 3), 16 * 9 * 3 * 8),
    (layers.Conv2D(8, 3, dilation_rate=2), (6, 6, 3), 4 * 9 * 3 * 8),
    (layers.Conv2D(8, 3, groups=2), (6, 6, 4), 16 * 9 * 2 * 8),
    (layers.Conv2D(8, 3, data_format="channels_first"), (3, 6, 5), 12 * 9 * 3 * 8),
    (layers.Conv3D(2, 2), (3, 3, 3, 1), 8 * 8 * 1 * 2),
    (layers.Conv1DTranspose(4, 3, strides=2), (5, 2), 5 * 3 * 2 * 4),
    (layers.Conv2DTranspose(4, 3, strides=2, padding="same"), (5, 5, 2), 25 * 9 * 2 * 4),
    (layers.DepthwiseConv1D(3), (6, 4), 4 * 3 * 4),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), 16 * 9 * 4 * 2),
    (layers.SeparableConv1D(8, 3), (6, 4), 4 * (3 * 4 + 4 * 8)),
    (layers.SeparableConv2D(8, 3, strides=2), (7, 7, 4), 9 * (9 * 4 + 4 * 8)),
    (layers.Dense(5), (3,), 3 * 5),
    (layers.Dense(5), (7, 2, 3), 7 * 2 * 3 * 5),
    (layers.EinsumDense("abc,cde->abde", output_shape=(None, 2, 4)), (7, 3), 7 * 3 * 2 * 4),
    (layers.EinsumDense("...d,de->...e", output_shape=4), (7, 3), 7 * 3 * 4),
    (layers.Embedding(10, 4), (7,), 0),
    (layers.SimpleRNN(4), (5, 3), 5 * (3 * 4 + 4 * 4)),
    (layers.LSTM(4), (5, 3), 5 * (3 * 16 + 4 * 16)),
    (layers.GRU(4, return_sequences=True), (5, 3), 5 * (3 * 12 + 4 * 12)),
    (layers.RNN([layers.LSTMCell(4), layers.GRUCell(2)]), (5, 3), 5 * (7 * 16 + (4 + 2) * 6)),
    (layers.Bidirectional(layers.LSTM(4)), (5, 3), 2 * 5 * (3 * 16 + 4 * 16)),
    (layers.TimeDistributed(layers.Conv2D(2, 3)), (5, 4, 4, 1), 5 * 4 * 9 * 2),
    (layers.ConvLSTM2D(2, 3), (5, 6, 6, 1), 5 * 16 * (9 * 1 * 8 + 9 * 2 * 8)),
    (layers.SpectralNormalization(layers.Dense(5)), (3,), 3 * 5),
    (layers.BatchNormalization(), (6, 6, 3), 0),
    (layers.LayerNormalization(), (6, 3), 0),
    (layers.PReLU(), (6, 3), 0),
    (layers.MaxPooling2D(), (6, 6, 3), 0),
]


def one_layer(layer, shape):
    dtype = "int32" if isinstance(layer, layers.Embedding) else "float32"
    image = keras.Input(shape, dtype=dtype)
    return keras.Model(image, type(layer).from_config(layer.get_config())(image))


def name(case):
    return f"{type(case[0]).__name__} on {case[1]}"


@pytest.mark.parametrize(("layer", "shape", "macs"), CASES, ids=map(name, CASES))
def test_macs_are_positions_times_kernel(layer, shape, macs):
    model = one_layer(layer, shape)
    counts = count(model)
    assert counts.macs == macs
    assert counts.notes == ()
    assert counts.params == model.count_params()
    assert counts.bytes == 4 * model.count_params()


@pytest.mark.parametrize(("layer", "shape", "macs"), CASES, ids=map(name, CASES))
def test_every_mac_here_belongs_to_a_kernel_and_fills_it_evenly(layer, shape, macs):
    model = one_layer(layer, shape)
    sizes = {id(v): v.numpy().size for v in model.variables}
    by_kernel = macs_by_kernel(model)
    assert sum(by_kernel.values()) == macs
    assert all(n % sizes[variable] == 0 for variable, n in by_kernel.items())


@pytest.mark.parametrize(
    ("layer", "elements"),
    [
        (layers.Conv2D(8, 3), 4 * 4 * 8),
        (layers.Flatten(), 6 * 6 * 3),
        (layers.GlobalAveragePooling2D(), 3),
    ],
)
def test_activations_are_the_elements_of_the_outputs(layer, elements):
    [row] = count(one_layer(layer, (6, 6, 3))).rows
    assert (row.activations, row.activation_bytes) == (elements, 4 * elements)


def test_bytes_follow_the_dtypes():
    [row] = count(one_layer(layers.Dense(5, dtype="mixed_float16"), (3,))).rows
    assert (row.bytes, row.activation_bytes) == (4 * (3 * 5 + 5), 2 * 5)
    [row] = count(one_layer(layers.Dense(5, dtype="bfloat16"), (3,))).rows
    assert row.bytes == 2 * (3 * 5 + 5)


def test_half_the_filters_are_half_the_macs():
    whole = count(one_layer(layers.Conv2D(8, 3), (6, 6, 3))).macs
    assert 2 * count(one_layer(layers.Conv2D(4, 3), (6, 6, 3))).macs == whole


def test_a_model_that_trains_in_int8_takes_the_macs_of_the_float_one():
    image = keras.Input((6, 6, 3))
    x = layers.Flatten()(layers.Conv2D(8, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(2)(x))
    assert count(quantize_model(model)).macs == count(model).macs == 16 * 9 * 3 * 8 + 128 * 2
