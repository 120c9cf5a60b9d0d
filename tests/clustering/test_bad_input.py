"""What cannot be done is said, with the way out."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune import PruneError
from tfprune.clustering import cluster_weights, plan_clusters, strip_clustering

from .conftest import small_model


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"number_of_clusters": 1}, "it is a whole number from 2 to 65536"),
        ({"number_of_clusters": 2.0}, "it is a whole number from 2 to 65536"),
        ({"number_of_clusters": True}, "it is a whole number"),
        ({"number_of_clusters": 2, "preserve_sparsity": True}, "where one of them is zero"),
        ({"number_of_clusters": 4, "preserve_sparsity": "yes"}, "it is True or False"),
        ({"number_of_clusters": 4, "cluster_centroids_init": "LINAER"}, "there is no such way"),
        ({"number_of_clusters": 4, "leave_alone": "haed"}, "head"),
        ({"number_of_clusters": 4, "preserve_sparsty": True}, "use one of: preserve_sparsity"),
        ({"number_of_clusters": 10**4}, "not more than 10000 clusters"),
        ({"number_of_clusters": 4, "leave_alone": ["hidden", "head"]}, "left alone as asked"),
    ],
)
def test_a_wrong_argument_is_told(arguments, found):
    with pytest.raises(PruneError, match=found):
        cluster_weights(small_model(), **arguments)


def test_weights_that_are_nan_are_told_by_name():
    model = small_model()
    model.get_layer("head").kernel.assign(np.full((8, 2), np.nan))
    with pytest.raises(PruneError, match="cluster head/kernel\nfound: some of its weights are NaN"):
        cluster_weights(model, 4)


def test_what_is_no_keras_model_is_told():
    for given in ("model.keras", None):
        with pytest.raises(PruneError, match="neither a Keras model, a layer, nor a list"):
            cluster_weights(given, 4)
    with pytest.raises(PruneError, match="it is not a Keras model"):
        strip_clustering("model.keras")
    with pytest.raises(PruneError, match="it is not a Keras model with weights yet"):
        plan_clusters(keras.Sequential([layers.Dense(2)]), 4)


def test_a_subclassed_model_is_told_where_to_wrap():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    (model := Own())(np.ones((1, 3)))
    with pytest.raises(PruneError, match="wrap its layers where they are made"):
        cluster_weights(model, 4)


def test_a_layer_that_is_built_by_the_first_fit_is_told_what_to_do():
    model = keras.Sequential([cluster_weights(layers.Dense(6, name="d"), 3), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(PruneError, match=r"begin it with keras.Input\(shape\)"):
        model.fit(np.ones((8, 5)), np.ones((8, 1)), verbose=0)


def test_masks_come_first_and_are_stripped():
    masked = tfprune.prune_low_magnitude(small_model())
    with pytest.raises(PruneError, match="under a pruning mask: strip_pruning first"):
        cluster_weights(masked, 4)
    optimized = small_model()
    optimized.compile(tfprune.PruningOptimizer("sgd", tfprune.ConstantSparsity(0.5, 0)), "mse")
    with pytest.raises(PruneError, match="under a pruning mask: strip_pruning first"):
        cluster_weights(optimized, 4)


def test_other_rooms_say_what_to_do_with_a_clustered_model():
    model = cluster_weights(small_model(), 4)
    for ask in (
        tfprune.prune_low_magnitude,
        lambda model: tfprune.plan_structured(model, 0.5),
        tfprune.make_sparse_ready,
        lambda model: cluster_weights(tfprune.quantize_model(model), 4),
    ):
        with pytest.raises(PruneError, match="cluster"):
            ask(model)


def test_a_stripped_model_that_is_quantized_would_lose_its_clusters_and_says_so(caplog):
    plain = strip_clustering(
        cluster_weights(keras.Sequential([keras.Input((16,)), layers.Dense(16, name="d")]), 4)
    )
    tfprune.quantize_model(plain)
    assert "d/kernel: holds 4 values, which training will spread" in caplog.text
