import keras
import pytest
from keras import layers

from tfprune.keras_facts import kernels_of

CASES = [
    # layer, input shape, kernels: (name, in axes, out axes)
    (lambda: layers.Dense(3), (4,), [("x/kernel", (0,), (1,))]),
    (lambda: layers.Conv2D(8, 3, groups=2), (6, 6, 4), [("x/kernel", (2,), (3,))]),
    (lambda: layers.Conv2DTranspose(8, 3), (6, 6, 4), [("x/kernel", (3,), (2,))]),
    (lambda: layers.DepthwiseConv2D(3), (6, 6, 4), [("x/kernel", (2,), (2, 3))]),
    (
        lambda: layers.SeparableConv1D(8, 3),
        (6, 4),
        [("x/depthwise_kernel", (1,), (1, 2)), ("x/pointwise_kernel", (1,), (2,))],
    ),
    (
        lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3)),
        (5, 4),
        [("x/kernel", (0,), (1, 2))],
    ),
    (lambda: layers.EinsumDense("...x,xy->...y", 3), (5, 4), [("x/kernel", (0,), (1,))]),
    (
        lambda: layers.LSTM(3),
        (5, 4),
        [("x/lstm_cell/kernel", (0,), (1,)), ("x/lstm_cell/recurrent_kernel", (0,), (1,))],
    ),
    (
        lambda: layers.TimeDistributed(layers.Dense(3, name="inner")),
        (5, 4),
        [("x/inner/kernel", (0,), (1,))],
    ),
    (lambda: layers.BatchNormalization(), (4,), []),
]


@pytest.mark.parametrize(("make", "shape", "expected"), CASES)
def test_a_layers_kernels_and_their_axes(make, shape, expected):
    layer = make()
    layer.name = "x"
    model = keras.Sequential([keras.Input(shape), layer])
    assert [(k.name, k.in_axes, k.out_axes) for k in kernels_of(model)] == expected


def test_attention_has_four_projections():
    inputs = keras.Input((5, 8))
    model = keras.Model(inputs, layers.MultiHeadAttention(2, 4, name="mha")(inputs, inputs))
    assert [(k.name, k.shape, k.canonical_shape) for k in kernels_of(model)] == [
        ("mha/query/kernel", (8, 2, 4), (8, 8)),
        ("mha/key/kernel", (8, 2, 4), (8, 8)),
        ("mha/value/kernel", (8, 2, 4), (8, 8)),
        ("mha/attention_output/kernel", (2, 4, 8), (8, 8)),
    ]


def test_a_shared_layer_is_counted_once_and_nested_names_carry_their_path():
    shared = layers.Dense(4, name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, inner(shared(inputs)))
    assert [k.name for k in kernels_of(model)] == ["shared/kernel"]
    assert [k.name for k in kernels_of(keras.Sequential([inner]))] == ["inner/shared/kernel"]
