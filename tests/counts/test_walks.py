"""Layers inside of layers: nested, shared, composite, subclassed, wrapped."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import tfprune
from tfprune.counts import count, macs_by_kernel


def rows_of(model, input_shape=None):
    return {row.name: row.macs for row in count(model, input_shape).rows if row.macs != 0}


class Block(layers.Layer):
    """Attention, then x + scale * down(up(x)); all layers inside are built."""

    def __init__(self, raw=False, **kwargs):
        super().__init__(**kwargs)
        self.raw = raw
        self.att = layers.MultiHeadAttention(2, 4, name="att")
        self.up, self.down = layers.Dense(32, name="up"), layers.Dense(8, name="down")

    def build(self, shape):
        self.att.build(shape, shape)
        self.up.build(shape)
        self.down.build((*shape[:-1], 32))
        self.scale = self.add_weight(shape=(8,), name="scale")

    def call(self, x):
        if self.raw:
            x = tf.identity(x)  # Keras can't run this on symbolic tensors
        return x + self.down(self.up(self.att(x, x))) * self.scale


ATTENTION = {
    "block/att/query": 6 * 8 * 8,
    "block/att/key": 6 * 8 * 8,
    "block/att/value": 6 * 8 * 8,
    "block/att": 2 * 2 * 6 * 6 * 4,  # two products, two heads, 6 x 6 pairs, 4 wide
    "block/att/attention_output": 6 * 8 * 8,
}
BLOCK = {**ATTENTION, "block/up": 6 * 8 * 32, "block/down": 6 * 32 * 8}


def block_model(raw):
    x = keras.Input((6, 8))
    return keras.Model(x, Block(raw, name="block")(x))


@pytest.mark.parametrize("raw", [False, True], ids=["of Keras layers", "with TensorFlow code"])
def test_the_layers_inside_a_custom_layer_each_have_a_row(raw):
    model = block_model(raw)
    assert rows_of(model) == BLOCK
    assert count(model).params == model.count_params()
    assert count(model).notes == ()


@pytest.mark.parametrize("raw", [False, True], ids=["of Keras layers", "with TensorFlow code"])
def test_counting_leaves_no_trace_in_the_model(raw):
    model = block_model(raw)
    parts = model._flatten_layers()
    before = [(set(vars(p)), len(p._inbound_nodes), len(p._outbound_nodes)) for p in parts]
    count(model)
    assert before == [(set(vars(p)), len(p._inbound_nodes), len(p._outbound_nodes)) for p in parts]


def test_grouped_query_attention_multiplies_for_every_query_head():
    x = keras.Input((6, 8))
    layer = layers.GroupQueryAttention(4, 4, 2, name="gqa")
    assert rows_of(keras.Model(x, layer(x, x))) == {
        "gqa/query": 6 * 8 * 16,
        "gqa/key": 6 * 8 * 8,
        "gqa/value": 6 * 8 * 8,
        "gqa": 2 * 4 * 6 * 6 * 4,
        "gqa/attention_output": 6 * 16 * 8,
    }


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        (layers.Attention(name="a"), 6 * 5 * 8 + 6 * 5 * 8),
        (layers.AdditiveAttention(name="a"), 6 * 5 * 8 + 6 * 5 * 8),
        (layers.AdditiveAttention(use_scale=False, name="a"), 6 * 5 * 8),
        (layers.Dot(2, name="a"), 6 * 5 * 8),
    ],
)
def test_products_of_two_tensors_count(layer, macs):
    query, value = keras.Input((6, 8)), keras.Input((5, 8))
    assert rows_of(keras.Model([query, value], layer([query, value]))) == {"a": macs}


@pytest.mark.parametrize(
    ("product", "macs"),
    [
        (lambda x: ops.matmul(x, ops.transpose(x, (0, 2, 1))), 6 * 6 * 8),
        (lambda x: ops.einsum("bij,bkj->bik", x, x), 6 * 6 * 8),
        (lambda x: ops.einsum("bij->bji", x), 0),
        (lambda x: ops.einsum("bij,bij->bij", x, x), 0),
        (lambda x: ops.tensordot(x, np.ones((8, 3), "float32"), 1), 6 * 8 * 3),
        (lambda x: ops.dot(x, np.ones((8, 3), "float32")), 6 * 8 * 3),
        (lambda x: ops.conv(x, np.ones((3, 8, 2), "float32")), 4 * 3 * 8 * 2),
        (lambda x: x * 2 + ops.exp(x), 0),
    ],
)
def test_operations_of_keras_in_the_graph_count(product, macs):
    x = keras.Input((6, 8))
    assert count(keras.Model(x, product(x))).macs == macs


def test_windows_that_are_folded_into_the_batch_are_all_counted():
    x = keras.Input((16, 8))
    windows = ops.reshape(x, (-1, 4, 8))  # four windows of four, seen as four samples
    model = keras.Model(x, ops.reshape(layers.Dense(3, name="d")(windows), (-1, 16, 3)))
    assert rows_of(model) == {"d": 16 * 8 * 3}


def test_a_layer_that_is_called_twice_counts_twice_but_its_parameters_once():
    x, layer = keras.Input((8,)), layers.Dense(8, name="shared")
    model = keras.Model(x, layer(layer(x)))
    [row] = count(model).rows
    assert (row.macs, row.params, row.activations) == (2 * 64, 72, 16)
    assert macs_by_kernel(model) == {id(layer.kernel): 2 * 64}


def test_a_nested_model_is_walked_at_each_call_with_the_shapes_there():
    inner = keras.Sequential([keras.Input((None, 3)), layers.Conv1D(2, 3, name="c")], name="net")
    model = keras.Sequential([keras.Input((10, 3)), inner, layers.Flatten()])
    assert rows_of(model) == {"net/c": 8 * 3 * 3 * 2}


def test_a_wrapper_for_pruning_changes_neither_names_nor_macs():
    x = keras.Input((6, 8))
    y = layers.Conv1D(4, 3, name="c")(x)
    model = keras.Model(x, layers.LSTM(5, name="rnn")(y))
    wrapped = tfprune.prune_low_magnitude(model, tfprune.ConstantSparsity(0.5, 0))
    assert [(r.name, r.macs) for r in count(wrapped).rows] == [
        (r.name, r.macs) for r in count(model).rows
    ]
    assert count(wrapped).params == wrapped.count_params()


class Cell(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.state_size = self.output_size = 4
        self.inner = layers.Dense(4, name="inner")

    def build(self, shape):
        self.inner.build((None, shape[-1] + 4))

    def call(self, x, states):
        y = self.inner(ops.concatenate([x, states[0]], -1))
        return y, [y]


def test_a_cell_of_ones_own_is_called_at_each_time_step():
    rnn = layers.RNN(Cell(name="cell"), name="rnn")
    model = keras.Sequential([keras.Input((5, 3)), rnn])
    assert rows_of(model) == {"rnn/cell/inner": 5 * (3 + 4) * 4}


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="net")
        self.conv, self.head = layers.Conv2D(4, 3, name="conv"), layers.Dense(2, name="head")

    def call(self, x):
        return self.head(ops.mean(self.conv(x), (1, 2)))


def test_a_subclassed_model_is_counted_with_the_shape_it_was_built_with():
    model = Subclassed()
    model(np.zeros((5, 6, 6, 3), "float32"))
    assert rows_of(model) == {"conv": 16 * 9 * 3 * 4, "head": 4 * 2}
    assert rows_of(model, (4, 4, 3)) == {"conv": 4 * 9 * 3 * 4, "head": 4 * 2}


def test_a_lambda_is_looked_into():
    matrix = np.ones((8, 3), "float32")
    model = keras.Sequential([keras.Input((8,)), layers.Lambda(lambda x: tf.matmul(x, matrix))])
    assert count(model).macs == 24
