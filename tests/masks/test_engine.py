"""One kernel's mask, step by step, with every number written out."""

import keras
import numpy as np

from tfprune import NM, Block, ConstantSparsity, Rule
from tfprune.keras_facts import kernels_of
from tfprune.masks import MaskedKernel


def masked_dense(weights, rule):
    dense = keras.layers.Dense(np.shape(weights)[1], use_bias=False, name="dense")
    dense.build((None, np.shape(weights)[0]))
    dense.kernel.assign(weights)
    mask = keras.Variable(np.ones(np.shape(weights), bool), dtype="bool", trainable=False)
    step = keras.Variable(0, dtype="int32", trainable=False)
    return MaskedKernel(kernels_of(dense)[0], rule, mask, step)


def every(steps, sparsity=0.5):
    return Rule(ConstantSparsity(sparsity, begin_step=0, frequency=steps))


def update(masked, weights):
    """What Keras does at the end of an optimizer update."""
    variable = masked.kernel.variable
    variable.assign(weights)
    variable.assign(variable.constraint(variable))
    return variable.numpy().tolist()


def test_a_mask_is_set_at_its_update_step_and_held_until_the_next():
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], every(2))
    masked.begin()  # step 1: not due
    assert masked.kernel.variable.numpy().tolist() == [[1, 4], [2, 3]]
    assert update(masked, [[1, 4], [2, 3]]) == [[0, 4], [0, 3]]  # step 2: due
    assert update(masked, [[9, 4], [2, 3]]) == [[0, 4], [0, 3]]  # step 3: the mask holds


def test_a_weight_under_the_mask_returns_if_one_update_makes_it_large():
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], every(1))
    masked.begin()
    assert masked.kernel.variable.numpy().tolist() == [[0, 4], [0, 3]]
    assert update(masked, [[5, 4], [0, 3]]) == [[5, 4], [0, 0]]


def test_begin_does_nothing_once_training_has_begun():
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], every(1))
    masked.begin()
    masked.begin()
    assert masked.steps_begun == 1


def test_the_users_own_constraint_comes_before_the_mask():
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], every(1))
    masked.kernel.variable.constraint.own = keras.constraints.NonNeg()
    masked.begin()
    assert update(masked, [[-9, 4], [1, 3]]) == [[0, 4], [0, 3]]


def test_an_n_m_mask_is_set_at_step_one_whatever_the_frequency():
    rule = Rule(ConstantSparsity(0.5, begin_step=0, frequency=100), NM(1, 2))
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], rule)
    masked.begin()
    assert masked.kernel.variable.numpy().tolist() == [[0, 4], [2, 0]]


def test_nan_under_the_mask_becomes_zero():
    masked = masked_dense([[1.0, 4.0], [2.0, 3.0]], every(2))
    masked.begin()
    update(masked, [[1, 4], [2, 3]])
    assert update(masked, [[np.nan, 4], [2, 3]]) == [[0, 4], [0, 3]]


def test_blocks_follow_the_output_channels_of_a_transposed_convolution():
    layer = keras.layers.Conv1DTranspose(4, 1, use_bias=False)
    layer.build((None, 3, 1))
    layer.kernel.assign([[[1.0], [2.0], [4.0], [3.0]]])  # (1, out, in)
    kernel = kernels_of(layer)[0]
    mask = keras.Variable(np.ones(kernel.shape, bool), dtype="bool", trainable=False)
    step = keras.Variable(0, dtype="int32", trainable=False)
    masked = MaskedKernel(
        kernel, Rule(ConstantSparsity(0.5, 0, frequency=1), Block((1, 2))), mask, step
    )
    masked.begin()
    assert layer.kernel.numpy().ravel().tolist() == [0, 0, 4, 3]
