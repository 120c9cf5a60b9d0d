"""Clusters of tfmot on tf_keras and of tfprune on Keras 3, with the same weights and batches."""

import types

import keras
import numpy as np
import pytest

from tfprune import clustering

RNG = np.random.default_rng(0)
KERNEL = RNG.normal(size=(6, 8)).astype("float32")
SPARSE = np.where(abs(KERNEL) < 0.5, 0, KERNEL).astype("float32")
X = RNG.normal(size=(32, 6)).astype("float32")
Y = RNG.normal(size=(32, 8)).astype("float32")


@pytest.fixture(scope="module")
def tfmot(peer):
    """tfmot's clustering; `peer` has imported it with the environment as it was."""
    from tensorflow_model_optimization.python.core.clustering.keras import (
        cluster,
        cluster_config,
        cluster_wrapper,
    )

    return types.SimpleNamespace(
        layers=peer.keras.layers,
        keras=peer.keras,
        strip=cluster.strip_clustering,
        Wrapper=cluster_wrapper.ClusterWeights,
        Start=cluster_config.CentroidInitialization,
        Sum=cluster_config.GradientAggregation,
    )


def pair(tfmot, weights, start="LINEAR", zeros=False, aggregation="AVG"):
    """The same Dense layer of eight clusters, theirs and ours."""
    theirs = tfmot.keras.Sequential([tfmot.layers.Dense(8, input_shape=(6,), use_bias=False)])
    theirs.set_weights([weights])
    wrapper = tfmot.Wrapper(
        theirs.layers[0],
        8,
        getattr(tfmot.Start, start),
        zeros,
        cluster_gradient_aggregation=getattr(tfmot.Sum, aggregation),
    )
    theirs = tfmot.keras.Sequential([tfmot.keras.Input((6,)), wrapper])
    ours = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8, use_bias=False)])
    ours.set_weights([weights])
    how, add = f"CentroidInitialization.{start}", f"GradientAggregation.{aggregation}"
    ours = clustering.cluster_weights(ours, 8, how, zeros, cluster_gradient_aggregation=add)
    return theirs, ours


def centroids(theirs, ours):
    [mine] = ours.layers[0].get_cluster_centroids().values()
    return np.sort(theirs.layers[0].cluster_centroids["kernel"].numpy()), mine


@pytest.mark.parametrize(("weights", "zeros"), [(KERNEL, False), (SPARSE, True)])
def test_linear_centroids_begin_at_the_same_places(weights, zeros, tfmot):
    expected, found = centroids(*pair(tfmot, weights, zeros=zeros))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_density_based_centroids_begin_within_a_step_of_its_grid(tfmot):
    expected, found = centroids(*pair(tfmot, KERNEL, "DENSITY_BASED"))
    step = (KERNEL.max() - KERNEL.min() + 0.02) / 29  # tfmot looks at 30 points
    np.testing.assert_allclose(found, expected, atol=1.01 * step)


@pytest.mark.parametrize("start", ["LINEAR", "DENSITY_BASED", "KMEANS_PLUS_PLUS"])
def test_as_many_values_are_left(start, tfmot):
    theirs, ours = pair(tfmot, SPARSE, start, zeros=True)
    [expected] = tfmot.strip(theirs).get_weights()
    found = np.asarray(clustering.strip_clustering(ours).layers[0].kernel)
    assert len(np.unique(found)) <= 8 and abs(len(np.unique(found)) - len(np.unique(expected))) <= 2
    assert ((found == 0) >= (SPARSE == 0)).all() and ((expected == 0) >= (SPARSE == 0)).all()


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize(("aggregation", "rate"), [("AVG", 0.2), ("SUM", 0.02)])
def test_gradient_descent_moves_the_same_centroids_and_weights(aggregation, rate, zeros, tfmot):
    theirs, ours = pair(tfmot, SPARSE if zeros else KERNEL, zeros=zeros, aggregation=aggregation)
    theirs.compile(tfmot.keras.optimizers.SGD(rate), "mse")
    ours.compile(keras.optimizers.SGD(rate), "mse")
    before = np.asarray(ours.layers[0].layer.kernel)
    for _ in range(10):
        theirs.train_on_batch(X, Y)
        ours.train_on_batch(X, Y)
    [expected] = tfmot.strip(theirs).get_weights()
    found = np.asarray(ours.layers[0].layer.kernel)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert abs(found - before).max() > 0.05
