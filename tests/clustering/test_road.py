"""Masks, then clusters, then int8: all three are in the file, and it packs to the fewest bytes."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.clustering import cluster_weights, count_values, strip_clustering

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 8, 8, 4)).astype("float32")
Y = RNG.normal(size=(16, 8)).astype("float32")


def trained(model):
    model.compile(keras.optimizers.Adam(1e-3), "mse", run_eagerly=True)
    for _ in range(2):
        model.train_on_batch(X, Y)
    return model


@pytest.fixture(scope="module")
def ways():
    """Name → the network after masks, clusters and int8 training, alone and together."""
    keras.utils.set_random_seed(0)
    plain = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            layers.Conv2D(32, 3, use_bias=False, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(64, "relu", name="dense"),
            layers.Dense(8, name="head"),
        ]
    )
    half = tfprune.strip_pruning(
        trained(tfprune.prune_low_magnitude(plain, tfprune.ConstantSparsity(0.5, 0, frequency=1)))
    )
    both = trained(cluster_weights(half, 8, preserve_sparsity=True))
    return {
        "nothing": plain,
        "masks": half,
        "clusters": cluster_weights(plain, 8),
        "masks and clusters": both,
        "int8": trained(tfprune.quantize_model(plain)),
        "all": trained(tfprune.quantize_model(both)),
    }


@pytest.fixture(scope="module")
def files(ways, tmp_path_factory):
    """Name → (what convert says, what the file holds)."""
    folder, found = tmp_path_factory.mktemp("road"), {}
    for name, model in ways.items():
        path, quantize = folder / f"{name}.tflite", "int8" if name in ("int8", "all") else None
        made = tfprune.convert(model, path, quantize=quantize, sparse=False)
        found[name] = (made, [row for row in count_values(path) if max(row.shape) > 8])
    return found


def test_each_step_packs_to_fewer_bytes(files):
    packed = {name: made.gzip_bytes for name, (made, _) in files.items()}
    assert packed["nothing"] > packed["masks"] > packed["masks and clusters"] > packed["all"]
    assert packed["nothing"] > packed["clusters"]
    assert packed["int8"] > packed["all"]
    assert files["clusters"][0].bytes == pytest.approx(files["nothing"][0].bytes, rel=0.02)


def test_zeros_and_values_are_counted_in_the_file(files):
    _, rows = files["masks and clusters"]
    # BatchNormalization is folded into the convolution: each channel has another factor.
    assert {row.tensor.split("/")[1][:4]: row.values <= 8 for row in rows} == {
        "conv": False,
        "dens": True,
        "head": True,
    }
    _, rows = files["all"]
    assert [row.dtype for row in rows] == 3 * ["int8"]
    assert all(row.most_in_a_channel <= 8 for row in rows)
    assert all(row.zeros >= np.prod(row.shape) / 2 for row in rows)


def test_int8_training_keeps_zeros_and_clusters_and_moves_the_centroids(ways):
    before, after = ways["masks and clusters"], strip_clustering(ways["all"])
    for name in ("conv", "dense", "head"):
        old = np.asarray(before.get_layer(name).layer.kernel)
        new = np.asarray(after.get_layer(name).layer.kernel)
        assert len(np.unique(new)) <= 8
        np.testing.assert_array_equal(new == 0, old == 0)
        assert (new != old).any()


def test_a_half_trained_int8_model_is_saved_with_its_clusters(ways, tmp_path):
    ways["all"].save(tmp_path / "aware.keras")
    loaded = trained(keras.saving.load_model(tmp_path / "aware.keras"))
    kernel = loaded.get_layer("dense").layer.layer.kernel
    assert len(np.unique(kernel)) <= 8 and (np.asarray(kernel) == 0).mean() >= 0.5


def test_verify_and_evaluate_take_a_clustered_model(ways, tmp_path):
    tfprune.convert(ways["clusters"], tmp_path / "c.tflite")
    assert tfprune.verify(ways["clusters"], tmp_path / "c.tflite", X).passed
