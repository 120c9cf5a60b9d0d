"""Clusters in every way of training; saved, loaded and gone on with."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfprune import PruneWarning
from tfprune.clustering import cluster_scope, cluster_weights, strip_clustering

from .conftest import X, Y, clustered, fit, kernel, small_model


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_training_moves_the_centroids_and_keeps_their_number(compiled):
    dense = keras.layers.Dense(2, name="hidden")
    plain = keras.Sequential([keras.Input((6,)), dense])
    model = clustered(model=plain, jit_compile=compiled)
    before = kernel(model)
    first, *_, last = fit(model, 4).history["loss"]
    assert last < first
    assert len(np.unique(kernel(model))) <= 4 < len(np.unique(kernel(plain)))
    assert not np.intersect1d(before, kernel(model)).size


def test_eager_training_does_what_a_graph_does():
    fit(graph := clustered("sgd"))
    fit(eager := clustered("sgd", run_eagerly=True))
    np.testing.assert_allclose(kernel(graph), kernel(eager), atol=1e-6)


def test_a_loop_of_ones_own_needs_nothing_else():
    model = cluster_weights(small_model(), 4)
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(3):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(X, training=True) - Y) ** 2)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
    assert len(np.unique(kernel(model))) <= 4


def test_two_replicas_do_what_one_does(two_replicas):
    def trained():
        dense = keras.layers.Dense(2, name="hidden", kernel_initializer="orthogonal")
        fit(model := clustered("sgd", model=keras.Sequential([keras.Input((6,)), dense])))
        return model

    with two_replicas.scope():
        keras.utils.set_random_seed(0)
        model = trained()
    keras.utils.set_random_seed(0)
    np.testing.assert_allclose(kernel(model), kernel(trained()), atol=1e-6)
    assert len(np.unique(kernel(model))) <= 4


def test_a_saved_training_goes_on_as_if_it_had_not_been_saved(tmp_path):
    fit(model := clustered())
    model.save(tmp_path / "half.keras")
    with cluster_scope():
        loaded = keras.saving.load_model(tmp_path / "half.keras")
    fit(model)
    fit(loaded)
    for one, other in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_and_checkpoints_hold_the_clusters(tmp_path):
    fit(model := clustered(run_eagerly=True))
    model.save_weights(tmp_path / "w.weights.h5")
    tf.train.Checkpoint(model).write(str(tmp_path / "c"))
    for load in ("weights", "checkpoint"):
        fresh = clustered(run_eagerly=True)
        if load == "weights":
            fresh.load_weights(tmp_path / "w.weights.h5")
        else:
            tf.train.Checkpoint(fresh).read(str(tmp_path / "c")).assert_existing_objects_matched()
        fit(fresh, 0)
        np.testing.assert_array_equal(kernel(fresh), kernel(model))
        assert all(one.holds() for one in fresh.get_layer("hidden").clustered)


def test_stripped_it_is_a_plain_model_that_computes_the_same():
    fit(model := clustered(run_eagerly=True))
    plain = strip_clustering(model)
    assert [type(layer) for layer in plain.layers] == [
        type(layer) for layer in small_model().layers
    ]
    np.testing.assert_array_equal(plain(X), model(X))
    assert plain.compiled and len(plain.variables) == len(small_model().variables)


def test_the_model_that_was_passed_is_not_changed():
    model = small_model()
    before = [np.asarray(variable) for variable in model.variables]
    fit(clustered(model=model, run_eagerly=True))
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable)


def test_frozen_layers_are_clustered_and_stay():
    model = small_model()
    model.get_layer("hidden").trainable = False
    model = clustered(model=model, run_eagerly=True)
    before = kernel(model)
    fit(model)
    np.testing.assert_array_equal(kernel(model), before)
    assert len(np.unique(before)) == 4


@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_half_precision_keeps_the_number_of_values(policy):
    keras.config.set_dtype_policy(policy)
    try:
        fit(model := clustered(preserve_sparsity=True, run_eagerly=True), 1)
    finally:
        keras.config.set_dtype_policy("float32")
    assert len(np.unique(kernel(model).astype("float32"))) <= 4
    assert all(one.holds() for one in model.get_layer("hidden").clustered)


def test_a_moving_average_over_the_clusters_is_told_when_stripped():
    fit(model := clustered(keras.optimizers.Adam(use_ema=True), run_eagerly=True), 1)
    with pytest.warns(PruneWarning, match=r"hidden/kernel, head/kernel: was written by something"):
        plain = strip_clustering(model)
    assert len(np.unique(kernel(plain))) <= 4


def test_a_constraint_of_ones_own_acts_first():
    dense = keras.layers.Dense(8, name="hidden", kernel_constraint="non_neg")
    model = keras.Sequential([keras.Input((6,)), dense, keras.layers.Dense(2)])
    fit(model := clustered("sgd", model=model, run_eagerly=True), 4)
    assert kernel(model).min() >= 0
