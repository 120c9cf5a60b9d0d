"""Relevance: shares of the answer, by hand and as properties."""

import keras
import numpy as np
import pytest
from keras import layers

from tests.criteria.models import IMAGES, named, randomize, small_cnn
from tfprune import PruneError
from tfprune.channels import trace
from tfprune.criteria import Relevance

X = np.array([[1.0], [-2.0]], "float32")


def scored(model, data, name="hidden", **settings):
    return Relevance(data, **settings).scores(model, [named(model, name)])[0].tolist()


def dense(hidden, head, activation=None, last=None, bias=None):
    model = keras.Sequential([keras.Input((len(hidden),))])
    model.add(layers.Dense(len(hidden[0]), activation, use_bias=bias is not None, name="hidden"))
    model.add(layers.Dense(len(head[0]), last, use_bias=False, name="head"))
    weights = [np.array(hidden)] + ([] if bias is None else [np.array(bias)])
    model.set_weights([*weights, np.array(head)])
    return model


def test_a_unit_has_its_share_of_the_value_whatever_its_sign_in_the_mean_over_examples():
    # y = 3·(1·x) + 1·(2·x): at x = 1 shares 3 and 2, at x = -2 shares -6 and -4
    assert scored(dense([[1.0, 2.0]], [[3.0], [1.0]]), X) == [4.5, 3.0]


def test_of_classes_it_is_the_answers_logit_above_their_mean():
    # logits (h0, h1) = (1, 3): class 1 answers, 3 - (1 + 3) / 2 = h1 / 2 - h0 / 2
    model = dense([[1.0, 3.0]], np.eye(2), last="softmax")
    assert scored(model, X[:1]) == pytest.approx([0.5, 1.5], rel=1e-5)


def test_logits_and_their_softmax_are_explained_alike():
    soft, bare = small_cnn(), small_cnn(loss=keras.losses.SparseCategoricalCrossentropy(True))
    bare.get_layer("head").activation = keras.activations.linear
    bare = keras.Model.from_config(bare.get_config())
    soft.get_layer("head").kernel.assign(soft.get_layer("head").kernel / 10)  # in float32's reach
    bare.set_weights(soft.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(
        scored(soft, IMAGES, "conv3"), scored(bare, IMAGES, "conv3", loss=loss), rtol=1e-3
    )


def test_no_relevance_is_lost_on_the_way_through_rectified_layers_without_bias():
    rng = np.random.default_rng(0)
    model = dense(rng.random((1, 5)), rng.random((5, 1)), "relu")
    assert sum(scored(model, X[:1])) == pytest.approx(model.predict(X[:1], verbose=0).item())


def test_a_stream_counts_wherever_it_is_read():
    inputs = keras.Input((1,))
    x = layers.Dense(1, use_bias=False, name="hidden")(inputs)
    y = layers.Add()([x, layers.Dense(1, use_bias=False, name="branch")(x)])
    model = keras.Model(inputs, layers.Dense(1, use_bias=False)(y))
    model.set_weights([np.array([[2.0]]), np.array([[3.0]]), np.array([[1.0]])])
    assert scored(model, X[:1]) == [16.0]  # x = 2 gives 8, and so does what the head reads: 8 + 8


def test_labels_are_not_looked_at_nor_does_the_size_of_batches_matter():
    model = small_cnn()
    first = scored(model, IMAGES, "conv1")
    assert scored(model, (IMAGES, np.zeros(12)), "conv1") == pytest.approx(first)
    assert scored(model, IMAGES, "conv1", batch_size=5) == pytest.approx(first, rel=1e-5)


def test_each_output_says_what_it_is_by_its_own_loss():
    inputs = keras.Input((3,))
    x = layers.Dense(4, "relu", name="hidden")(inputs)
    outputs = [layers.Dense(2, "softmax", name="class")(x), layers.Dense(1, name="value")(x)]
    model, one = keras.Model(inputs, outputs), keras.Model(inputs, outputs[0])
    randomize(model)
    model.get_layer("value").kernel.assign(np.zeros((4, 1)))
    x = IMAGES[:, 0, :3, 0]
    assert scored(model, x) == pytest.approx(scored(one, x))


def test_heads_inside_a_composite_layer_are_judged_by_what_reads_them():
    inputs = keras.Input((4, 6))
    x = layers.MultiHeadAttention(3, 2, name="mha")(inputs, inputs)
    model = keras.Model(inputs, layers.Dense(2)(x))
    groups = [g for g in trace(model).groups if g.size in (3, 6) and g.kept_whole is None]
    data = np.random.default_rng(0).normal(size=(2, 4, 6))
    found = Relevance(data).scores(model, groups)
    assert all(s.shape == (g.size,) and s.min() > 0 for s, g in zip(found, groups, strict=True))
    generator = (batch for batch in [data])  # which can be read only once
    again = Relevance(generator).scores(model, groups)
    np.testing.assert_allclose(again[0], found[0])


def test_a_batch_cut_into_windows_keeps_its_examples_apart():
    inputs = keras.Input((4, 1))
    x = layers.Dense(2, use_bias=False, name="hidden")(inputs)
    windows = keras.ops.reshape(x, (-1, 2, 2))
    y = layers.Dense(1, use_bias=False)(windows)
    model = keras.Model(inputs, keras.ops.reshape(y, (-1, 4)))
    model.set_weights([np.array([[1.0, 2.0]]), np.array([[1.0], [1.0]])])
    data = np.array([[1, 2, 3, 4], [1, 0, 0, 0]])[..., None]
    assert scored(model, data) == pytest.approx([5.5, 11.0])


def test_an_answer_that_no_unit_has_a_part_in_is_refused():
    model = dense([[1.0, 2.0]], [[3.0], [1.0]])
    stopped = keras.Model(model.inputs, keras.ops.stop_gradient(model.outputs[0]))
    with pytest.raises(PruneError, match="the answer does not depend"):
        scored(stopped, X)
