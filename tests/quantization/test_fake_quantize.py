"""The rounding itself: ranges, kernels, gradients."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from tfprune.quantization.fake_quantize import FakeQuantize, fake_quantize_kernel

kernels = st.lists(st.floats(-10, 10, width=32), min_size=6, max_size=6).map(
    lambda values: np.array(values, np.float32).reshape(3, 2)
)


@settings(max_examples=30, deadline=None)
@given(kernels)
def test_a_kernel_moves_by_half_a_step_at_most_and_zeros_stay(kernel):
    rounded = np.asarray(fake_quantize_kernel(ops.convert_to_tensor(kernel), axis=1))
    largest = np.maximum(abs(kernel).max(axis=0), max(abs(kernel).max() * 2.0**-16, 1e-6))
    assert np.all(abs(rounded - kernel) <= largest / 127 * 0.501)
    assert np.all(rounded[kernel == 0] == 0)


def test_each_channel_of_a_kernel_has_its_own_step():
    kernel = ops.array([[127.0, 1.27], [0.4, 0.004]])
    by_channel = fake_quantize_kernel(kernel, axis=1)
    np.testing.assert_allclose(by_channel, [[127, 1.27], [0, 0]], rtol=1e-5)
    np.testing.assert_allclose(fake_quantize_kernel(kernel, None), [[127, 1], [0, 0]], rtol=1e-5)


def test_a_channel_of_zeros_stays_zero():
    rounded = fake_quantize_kernel(
        ops.array([[0.0, 1.0], [0.0, 2.0]]), axis=1, bias=ops.array([3.0, 0])
    )
    np.testing.assert_array_equal(np.asarray(rounded)[:, 0], [0, 0])


def test_the_first_batch_sets_the_range_and_later_ones_move_it():
    layer = FakeQuantize(momentum=0.9)
    layer(ops.array([-1.0, 2.0]), training=True)
    assert (float(layer.low), float(layer.high)) == (-1, 2)
    layer(ops.array([-3.0, 2.0]), training=True)
    assert float(layer.low) == pytest.approx(-1.2)


def test_before_the_first_batch_values_pass_unchanged():
    layer = FakeQuantize()
    assert np.asarray(layer(ops.array([0.123, 45.6]))).tolist() == pytest.approx([0.123, 45.6])
    assert not layer.range_is_known


def test_zero_is_always_in_the_range():
    layer = FakeQuantize()
    layer(ops.array([3.0, 4.0]), training=True)
    assert float(layer.low) == 0


def test_zeros_tell_nothing_of_a_range():
    layer = FakeQuantize(momentum=0.5)
    layer(ops.zeros(3), training=True)
    assert [float(layer.low), float(layer.high)] == [0.0, 1.0]  # not a scale of almost nothing
    layer(ops.array([0.0, 4.0]), training=True)
    layer(ops.zeros(3), training=True)
    assert float(layer.high) == 4.0


def test_gradients_pass_within_the_range_and_vanish_beyond():
    import tensorflow as tf

    layer = FakeQuantize(low=-1.0, high=1.0)
    x = tf.constant([0.5, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    assert tape.gradient(y, x).numpy().tolist() == [1, 0]


def test_a_range_survives_saving():
    layer = FakeQuantize(momentum=0.5, name="r")
    assert keras.layers.deserialize(keras.layers.serialize(layer)).momentum == 0.5
    fixed = FakeQuantize(low=0.0, high=1.0)
    assert keras.layers.deserialize(keras.layers.serialize(fixed)).fixed == (0, 1)
