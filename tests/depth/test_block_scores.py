"""What a block is worth: how little it changes its input, or the loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from tests.depth.residual import RNG, X, chain, zeroed
from tfprune.depth import plan_layers


def test_block_influence_is_one_minus_the_cosine():
    # x and f(x) stand at right angles: cos(x, x + f(x)) = 1 / sqrt(1 + s^2).
    plan = plan_layers(chain(), n=1, data=X)
    wanted = {f"add{i}": 1 - 1 / np.sqrt(1 + s**2) for i, s in enumerate((0.1, 2.0, 0.5))}
    assert {row.name: row.score for row in plan.rows} == pytest.approx(wanted, abs=1e-5)


def test_the_block_that_turns_its_input_least_goes_first():
    assert plan_layers(chain(), n=1, data=X).removed == ("add0",)
    assert plan_layers(chain(), n=2, data=X).removed == ("add0", "add2")


def test_the_loss_is_that_of_the_model_without_the_block():
    model, y = chain(), RNG.normal(size=(8, 2)).astype("float32")
    model.compile(loss="mse")
    plan = plan_layers(model, n=1, criterion="loss", data=(X, y))
    whole = np.mean((model(X) - y) ** 2)
    losses = [np.mean((zeroed(model, f"f{i}")(X) - y) ** 2) for i in range(3)]
    np.testing.assert_allclose([r.score for r in plan.rows], losses - whole, rtol=1e-4, atol=1e-6)
    assert plan.removed == (f"add{np.argmin(losses)}",)


def test_the_loss_of_uneven_batches_counts_each_sample_once():
    y = RNG.normal(size=(8, 2)).astype("float32")
    data = [tf.data.Dataset.from_tensor_slices((X, y)).batch(size) for size in (8, 5)]
    model = chain()
    plans = [plan_layers(model, n=1, criterion="loss", loss="mse", data=d) for d in data]
    scores = [[row.score for row in plan.rows] for plan in plans]
    np.testing.assert_allclose(*scores, rtol=1e-4)


def test_several_outputs_are_weighted_as_compiled():
    model = chain()
    two = keras.Model(model.inputs, [model.outputs[0], model.get_layer("add0").output])
    y = [np.zeros((8, 2), "float32"), np.zeros((8, 4), "float32")]
    two.compile(loss=["mse", "mse"], loss_weights=[0.0, 1.0])
    plan = plan_layers(two, n=1, criterion="loss", data=(X, y))
    stem = model.get_layer("stem")(X)
    change = np.mean(stem**2) - np.mean(two(X)[1] ** 2)
    scores = [row.score for row in plan.rows]
    np.testing.assert_allclose(scores, [change, 0, 0], rtol=1e-4, atol=1e-7)


def test_a_function_of_ones_own_ranks_the_blocks():
    def norm(block, model):
        return -sum(float(ops.norm(w)) for layer in block.layers for w in layer.weights)

    assert plan_layers(chain(), n=1, criterion=norm).removed == ("add1",)


def test_the_estimate_is_the_inner_product_of_gradient_and_branch_of_each_sample():
    # The last block's loss is linear in it, with a loss that is: what goes is what is estimated.
    model = chain()
    y = np.zeros((8, 2), "float32")

    def linear(y, p):
        return ops.sum(p, axis=-1)

    plan = plan_layers(model, n=1, criterion="taylor", data=(X, y), loss=linear)
    without = np.asarray(zeroed(model, "f2")(X)).sum(-1) - np.asarray(model(X)).sum(-1)
    np.testing.assert_allclose(plan.rows[2].score, np.abs(without).mean(), rtol=1e-4)
    small_batches = tf.data.Dataset.from_tensor_slices((X, y)).batch(3)
    again = plan_layers(model, n=1, criterion="taylor", data=small_batches, loss=linear)
    scores = [[row.score for row in one.rows] for one in (plan, again)]
    np.testing.assert_allclose(*scores, rtol=1e-4)


def test_a_block_that_adds_nothing_is_estimated_to_cost_nothing():
    model = chain(scales=(0.1, 0.0, 0.5))
    data = X, np.zeros((8, 2), "float32")
    plan = plan_layers(model, n=1, criterion="taylor", data=data, loss="mse")
    assert plan.removed == ("add1",) and plan.rows[1].score == 0
