"""Resized: a composite layer whose own config cannot say how small its parts have become."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.channels.checks import check, prunable
from tfprune.channels import trace
from tfprune.errors import PruneError
from tfprune.surgery.resized import Resized
from tfprune.surgery.shrinking import shrink


@keras.saving.register_keras_serializable("tests")
class Block(layers.Layer):
    """Attention whose heads are as wide as the input divided by their number."""

    def __init__(self, heads, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, shape):
        self.attention = layers.MultiHeadAttention(
            self.heads, shape[-1] // self.heads, name="attention"
        )
        self.attention.build(shape, shape)

    def call(self, x):
        return x + self.attention(x, x)

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}

    def channel_flow(self, call):
        inner, width = self.attention, call.input[-1]
        heads = call.new(inner._num_heads)
        for dense in (inner._query_dense, inner._key_dense, inner._value_dense):
            call.writes(dense.kernel, 1, heads)
            call.writes(dense.bias, 0, heads)
        call.reads(inner._output_dense.kernel, 0, heads)
        call.inner_setting("attention", "num_heads", heads)
        call.keep(width, "the width of a block")
        return call.flow({-1: width})


def block_model():
    x = inputs = keras.Input((5, 8))
    x = Block(4, name="block")(x)
    return keras.Model(inputs, layers.Dense(2, name="head")(x))


def keep(model, *units):
    """Masks that keep these units of the first group, and all of the others."""
    masks = [np.ones(group.size, bool) for group in trace(model).groups]
    masks[0][:] = np.isin(np.arange(len(masks[0])), units)
    return masks


def test_a_custom_composite_says_which_part_of_it_becomes_smaller():
    model = block_model()
    assert prunable(model) == [
        "block/attention/query 4: writes block/attention/query/kernel[1] "
        "block/attention/query/bias[0] block/attention/key/kernel[1] block/attention/key/bias[0] "
        "block/attention/value/kernel[1] block/attention/value/bias[0]; "
        "reads block/attention/attention_output/kernel[0]"
    ]
    small = check(model, keep=keep(model, 0, 2, 3))
    block = small.get_layer("block")
    assert isinstance(block, Resized)
    assert block.inner_sizes == {"attention": {"num_heads": 3}}
    assert block.layer.attention._query_dense.kernel.shape == (8, 3, 2)  # 8 // 4, not 8 // 3


def test_the_heads_that_stay_keep_their_weights():
    model = block_model()
    before = np.array(model.get_layer("block").attention._query_dense.kernel)
    structure = trace(model)
    small, _ = shrink(structure, structure.kept(keep(model, 1, 3)))
    after = np.array(small.get_layer("block").layer.attention._query_dense.kernel)
    np.testing.assert_array_equal(after, before[:, [1, 3]])


def test_a_composite_that_loses_nothing_stays_what_it_was():
    model = block_model()
    small = check(model, keep=keep(model, 0, 1, 2, 3))
    assert type(small.get_layer("block")) is Block


def test_it_can_be_pruned_again_and_does_not_nest():
    model = block_model()
    smaller = check(model, keep=keep(model, 0, 2, 3))
    smallest = check(smaller, keep=keep(smaller, 1))
    block = smallest.get_layer("block")
    assert (block.inner_sizes, type(block.layer)) == ({"attention": {"num_heads": 1}}, Block)
    assert trace(smallest).groups[0].name == "block/attention/query"


def test_inside_another_layer_it_keeps_its_units():
    x = inputs = keras.Input((3, 5, 8))
    model = keras.Model(inputs, layers.TimeDistributed(Block(4, name="block"), name="steps")(x))
    assert "steps/block stands inside another layer" in {g.kept_whole for g in trace(model).groups}
    check(model)


def test_it_is_built_again_without_being_called():
    block = Resized(Block(4, name="block"), {"attention": {"num_heads": 3}})
    block.build((None, 5, 8))
    again = Resized.from_config(block.get_config())
    again.build_from_config(block.get_build_config())
    assert [w.shape for w in again.weights] == [w.shape for w in block.weights]


def test_it_trains():
    model = block_model()
    small = check(model, keep=keep(model, 0, 1))
    small.compile("sgd", "mse")
    kernel = small.get_layer("block").layer.attention._query_dense.kernel
    before = np.array(kernel)
    small.fit(np.random.default_rng(0).normal(size=(4, 5, 8)), np.ones((4, 5, 2)), verbose=0)
    assert not np.array_equal(before, np.array(kernel))


def test_a_part_that_is_not_there_is_an_error():
    with pytest.raises(PruneError, match="0 layers inside block are called 'mixer'"):
        Resized(Block(4, name="block"), {"mixer": {"units": 2}}).build((None, 5, 8))
