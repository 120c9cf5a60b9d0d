"""What happens to a kernel of a few weights, written out."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune.clustering import cluster_weights

from .conftest import one_kernel

KERNEL = [[0.0, 1.0, 4.0], [0.2, 1.4, 3.8]]


def state(model):
    [one] = model.layers[0].clustered
    values = (one.kernel.variable, one.original, one.centroids, one.indices)
    return [np.asarray(value).round(5).tolist() for value in values]


def moved(model, weights):
    """Let an optimizer have made these weights of the kernel."""
    [one] = model.layers[0].clustered
    kernel = one.kernel.variable
    kernel.assign(kernel.constraint(keras.ops.convert_to_tensor(weights, "float32")))
    return state(model)


def test_each_weight_begins_as_its_nearest_centroid():
    kernel, behind, centroids, indices = state(one_kernel(KERNEL, 3))
    assert centroids == [[0, 2, 4]]
    assert indices == [[0, 0, 2], [0, 1, 2]]  # 1.0 is as near to 0 as to 2: the lower one
    assert kernel == [[0, 0, 4], [0, 2, 4]]
    np.testing.assert_allclose(behind, KERNEL)


def test_a_centroid_moves_by_the_mean_of_its_weights_steps():
    # Steps of 0.3, 0.6 and 0 in the first cluster, -0.5 in the second, 1 and -2 in the third.
    kernel, behind, centroids, _ = moved(one_kernel(KERNEL, 3), [[0.3, 0.6, 5], [0, 1.5, 2]])
    np.testing.assert_allclose(centroids, [[0.3, 1.5, 3.5]])
    np.testing.assert_allclose(behind, [[0.3, 1.6, 5], [0.2, 0.9, 1.8]], rtol=1e-6)
    np.testing.assert_allclose(kernel, [[0.3, 1.5, 3.5], [0.3, 0.3, 1.5]])


def test_or_by_their_sum():
    model = one_kernel(KERNEL, 3, cluster_gradient_aggregation="GradientAggregation.SUM")
    _, _, centroids, _ = moved(model, [[0.3, 0.6, 5], [0, 1.5, 2]])
    np.testing.assert_allclose(centroids, [[0.9, 1.5, 3]], rtol=1e-6)


def test_zeros_stay_zero_with_a_centroid_of_their_own():
    model = one_kernel([[0, -1, 2], [0, -1.25, 4]], 5, preserve_sparsity=True)
    assert state(model)[2] == [[-1.25, -1, 0, 2, 4]]
    kernel, behind, centroids, _ = moved(model, [[3, -1, 2.5], [-3, -1, 4.5]])
    np.testing.assert_allclose(centroids, [[-1, -1, 0, 2.5, 4.5]])
    np.testing.assert_allclose(kernel, [[0, -1, 2.5], [0, -1, 4.5]])
    assert [row[0] for row in behind] == [0, 0]


def test_centroids_that_cross_are_in_order_again():
    _, _, centroids, indices = moved(one_kernel(KERNEL, 3), [[0, 0, -5], [0, 2, -5]])
    assert centroids == [[-5, 0, 2]]
    assert indices == [[1, 1, 0], [1, 2, 0]]


def test_each_channel_of_a_convolution_can_have_its_own():
    model = keras.Sequential([keras.Input((4, 4, 1)), layers.Conv2D(2, 2, name="c")])
    values = np.arange(8, dtype="float32").reshape(2, 2, 1, 2)
    model.get_layer("c").kernel.assign(values)
    model = cluster_weights(model, 2, "CentroidInitialization.LINEAR", cluster_per_channel=True)
    kernel = np.asarray(model.get_layer("c").layer.kernel)
    assert kernel[..., 0].ravel().tolist() == [0, 0, 6, 6]
    assert kernel[..., 1].ravel().tolist() == [1, 1, 7, 7]
    assert model.get_layer("c").get_cluster_centroids()["c/kernel"].tolist() == [[0, 6], [1, 7]]


@pytest.mark.parametrize("start", ["LINEAR", "RANDOM", "DENSITY_BASED", "KMEANS_PLUS_PLUS"])
def test_few_different_weights_are_clustered_without_loss(start):
    kernel, *_ = state(one_kernel([[1, 1, 1, 1], [3, 3, 1, 1]], 2, start))
    assert len(np.unique(kernel)) <= 2
    if start != "RANDOM":
        assert kernel == [[1, 1, 1, 1], [3, 3, 1, 1]]


def test_random_centroids_are_the_same_with_the_same_seed():
    def drawn(seed):
        keras.utils.set_random_seed(seed)
        return state(one_kernel(KERNEL, 3, "RANDOM"))[2]

    assert drawn(1) == drawn(1) != drawn(2)


def test_nothing_but_zeros_stays_nothing_but_zeros():
    kernel, *_ = state(one_kernel(np.zeros((3, 3)), 4, preserve_sparsity=True))
    assert not np.any(kernel)
