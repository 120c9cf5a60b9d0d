"""A tf_keras model that tfmot has pruned goes straight on to strip_pruning and convert."""

from __future__ import annotations

import numpy as np
import pytest

import tfprune

pytestmark = pytest.mark.tfmot

ZEROS = {"conv": 27, "head": 24}  # of 54 and 48: ConstantSparsity(0.5)


@pytest.fixture(scope="module")
def pruned(peer):
    """A tf_keras model after two batches of training under tfmot's masks."""
    layers = peer.keras.layers
    peer.keras.utils.set_random_seed(0)
    model = peer.keras.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(3, 3, name="conv"),
            layers.Flatten(),
            layers.Dense(1, name="head"),
        ]
    )
    schedule = peer.ConstantSparsity(0.5, begin_step=0, frequency=1)
    model = peer.prune_low_magnitude(model, schedule)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 6, 6, 2)).astype("float32")
    callbacks = [peer.UpdatePruningStep()]
    model.fit(x, np.ones((8, 1)), batch_size=4, verbose=0, callbacks=callbacks)
    return model


def zeros_of(model):
    layers = {layer.name: layer for layer in model.layers}
    return {name: int(np.sum(layers[name].kernel.numpy() == 0)) for name in ZEROS}


def test_strip_pruning_returns_plain_tf_keras_layers_with_the_zeros_of_tfmot(pruned):
    stripped = tfprune.strip_pruning(pruned)
    assert [type(layer).__name__ for layer in stripped.layers] == ["Conv2D", "Flatten", "Dense"]
    assert zeros_of(stripped) == ZEROS


def test_strip_pruning_gives_what_strip_pruning_of_tfmot_gives(peer, pruned):
    pairs = zip(
        tfprune.strip_pruning(pruned).get_weights(),
        peer.strip_pruning(pruned).get_weights(),
        strict=True,
    )
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours, theirs)


def test_strip_pruning_leaves_the_pruned_model_as_it_is(pruned):
    before = [w.numpy() for w in pruned.weights]
    tfprune.strip_pruning(pruned)
    for old, new in zip(before, pruned.weights, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_strip_pruning_applies_masks_that_tfmot_has_not_applied_yet(pruned):
    """Between two batches tfmot's weights hold the dense update of the optimizer."""
    kernel = next(layer.layer.kernel for layer in pruned.layers if layer.name.endswith("head"))
    masked = kernel.numpy()
    kernel.assign(np.ones_like(masked))
    stripped = tfprune.strip_pruning(pruned)
    kernel.assign(masked)
    assert zeros_of(stripped) == ZEROS


@pytest.mark.parametrize("stripped", [True, False], ids=["stripped", "still wrapped"])
def test_the_zeros_of_tfmot_survive_in_the_tflite_file(pruned, tmp_path, stripped):
    model = tfprune.strip_pruning(pruned) if stripped else pruned
    result = tfprune.convert(model, tmp_path / "model.tflite")
    assert {link.kernel: link.zeros for link in result.kernels} == {
        f"{layer}/kernel": zeros for layer, zeros in ZEROS.items()
    }


def test_the_zeros_of_tfmot_survive_int8_quantization(pruned, tmp_path):
    """Quantization rounds some small weights to zero, too."""
    samples = np.random.default_rng(0).normal(size=(4, 6, 6, 2)).astype("float32")
    model, path = tfprune.strip_pruning(pruned), tmp_path / "model.tflite"
    result = tfprune.convert(model, path, quantize="int8", representative_dataset=samples)
    assert result.quantize == "int8"
    for link in result.kernels:
        assert link.zeros >= ZEROS[link.kernel.split("/")[0]]
