"""What can't be counted is None with a note, never zero."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from tfprune.counts import count, macs_by_kernel
from tfprune.errors import PruneError


@pytest.fixture
def open_model():
    """A convolution on images of any size, then a head."""
    image = keras.Input((None, None, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(image))
    return keras.Model(image, layers.Dense(2, name="head")(x), name="open")


def test_an_open_size_makes_the_rows_that_need_it_none_and_says_what_to_give(open_model):
    counts = count(open_model)
    assert {r.name: r.macs for r in counts.rows if r.macs != 0} == {"conv": None, "head": 8}
    assert (counts.macs, counts.known_macs, counts.activations) == (None, 8, None)
    [note] = counts.notes
    assert str(note).startswith("open: MACs not counted where sizes are open")
    assert "give input_shape, the shape of one sample, for (None, None, 3)" in note.reason


@pytest.mark.parametrize("shape", [(6, 6, 3), (None, 6, 6, 3), [(6, 6, 3)]])
def test_input_shape_fills_the_open_sizes(open_model, shape):
    counts = count(open_model, shape)
    assert counts.macs == 16 * 9 * 3 * 4 + 4 * 2
    assert counts.notes == ()


def test_input_shape_takes_a_dict_or_a_list_for_several_inputs():
    a, b = keras.Input((None, 3), name="a"), keras.Input((None, 3), name="b")
    model = keras.Model([a, b], layers.Dot(2)([a, b]))
    for shape in ({"b": (5, 3), "a": (4, 3)}, [(4, 3), (5, 3)]):
        assert count(model, shape).macs == 4 * 5 * 3


def test_a_fixed_model_can_be_counted_at_another_size():
    image = keras.Input((6, 6, 3))
    assert count(keras.Model(image, layers.Conv2D(4, 3)(image)), (4, 4, 3)).macs == 4 * 9 * 3 * 4


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((6, 6), r"its input is of shape \(None, None, 3\)"),
        ([(6, 6, 3), (6, 6, 3)], "the model has 1 inputs"),
        ((6, 6, 4), "conv refuses these shapes"),
        ({"image": (6, 6, 3)}, "the model has 1 inputs"),
    ],
)
def test_an_input_shape_that_does_not_fit_is_an_error(open_model, shape, found):
    with pytest.raises(PruneError, match=found):
        count(open_model, shape)


def test_no_model_and_no_weights_are_errors():
    with pytest.raises(PruneError, match="it is no Keras model"):
        count(layers.Dense(2))
    with pytest.raises(PruneError, match=r"fix: build it first: model\.build"):
        count(keras.Sequential([layers.Dense(2)]))


def hidden_by_numpy(x):
    return tf.numpy_function(lambda a: a @ np.ones((8, 8), "float32"), [x], "float32")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (lambda x: tf.ensure_shape(hidden_by_numpy(x), (None, 8)), "runs PyFunc, which hides"),
        (
            lambda x: tf.linalg.inv(x @ tf.transpose(x)) @ x,
            "no rule for TensorFlow's MatrixInverse",
        ),
        (lambda x: ops.einsum("bi,bi,bi->b", x, x, x), "more than two operands"),
    ],
)
def test_code_that_hides_its_cost_is_noted(code, reason):
    layer = layers.Lambda(code, output_shape=(8,), name="own")
    counts = count(keras.Sequential([keras.Input((8,)), layer, layers.Dense(2, name="head")]))
    assert {row.name: row.macs for row in counts.rows} == {"own": None, "head": 16}
    [note] = counts.notes
    assert note.subject == "own" and reason in note.reason


def test_a_loop_of_keras_is_noted():
    x = keras.Input((6, 8))
    y = ops.vectorized_map(lambda row: ops.matmul(row, ops.transpose(row)), x)
    [note] = count(keras.Model(x, y)).notes
    assert "VectorizedMap runs code that the graph does not show" in note.reason


def test_kernels_of_unknown_cost_are_missing_not_zero(open_model):
    kernels = macs_by_kernel(open_model)
    assert kernels == {id(open_model.get_layer("head").kernel): 8}


def test_a_layer_that_nothing_calls_is_noted():
    class Spare(keras.Model):
        def __init__(self, inputs, outputs):
            super().__init__(inputs, outputs)
            self.spare = layers.Dense(3, name="spare")
            self.spare.build((None, 2))

    x = keras.Input((8,))
    model = Spare(x, layers.Dense(2, name="head")(x))
    if model.count_params() == 18:
        pytest.skip("Keras 3.12 does not know of such a layer")
    counts = count(model)
    assert ("spare", 9, 0) in [(row.name, row.params, row.macs) for row in counts.rows]
    assert str(counts.notes[0]) == "spare: its parameters are counted, but nothing calls it"
