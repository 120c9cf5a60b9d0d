"""Training: the same network, data and settings; the same masks and weights at every step.

tfmot sets the mask of step t and zeroes the weights under it when step t runs forward, and leaves
the dense update of the optimizer in place afterwards. tfprune does both at the end of step t - 1.
So the networks are compared as the forward pass of step t sees them.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import tfprune
from tfprune.masks.callbacks import all_masked

pytestmark = pytest.mark.tfmot

BATCH, BATCHES = 8, 12
GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(BATCH * BATCHES, 6, 6, 2)).astype("float32")
Y = GENERATOR.integers(0, 3, size=BATCH * BATCHES)


class OnlyDense:
    """A pruning policy that tfprune and tfmot both accept."""

    def allow_pruning(self, layer):
        return type(layer).__name__ == "Dense"

    def ensure_model_supports_pruning(self, model):
        pass


def decay(library, begin_step=0, end_step=10):
    return library.PolynomialDecay(0.2, 0.8, begin_step, end_step, frequency=2)


def constant(library):
    return library.ConstantSparsity(0.5, begin_step=0, frequency=1)


def late(library):
    return library.ConstantSparsity(0.7, begin_step=4, end_step=8, frequency=3)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("schedule", [decay, late])
def test_masks_and_weights_follow_tfmot_step_by_step(peer, schedule, optimizer):
    ours = train_ours({"pruning_schedule": schedule(tfprune)}, optimizer)
    theirs = train_theirs(peer, {"pruning_schedule": schedule(peer)}, optimizer)
    assert_lockstep(ours, theirs)


def test_masks_in_the_optimizer_follow_tfmot_step_by_step(peer):
    ours = train_ours({"pruning_schedule": constant(tfprune)}, carrier="optimizer")
    assert_lockstep(ours, train_theirs(peer, {"pruning_schedule": constant(peer)}))


@pytest.mark.parametrize("pooling", ["AVG", "MAX"])
def test_block_masks_follow_tfmot_step_by_step(peer, pooling):
    settings = {"block_size": (2, 2), "block_pooling_type": pooling, "pruning_policy": OnlyDense()}
    ours = train_ours({"pruning_schedule": decay(tfprune, 3, 11), **settings})
    assert_lockstep(ours, train_theirs(peer, {"pruning_schedule": decay(peer, 3, 11), **settings}))


def test_n_m_masks_follow_tfmot_step_by_step(peer):
    settings = {"sparsity_m_by_n": (2, 4), "pruning_policy": OnlyDense()}
    assert_lockstep(train_ours(settings), train_theirs(peer, settings))


def test_two_epochs_follow_tfmot_when_no_epoch_begins_with_an_update(peer):
    ours = train_ours({"pruning_schedule": decay(tfprune)}, epochs=2, batches=6)
    theirs = train_theirs(peer, {"pruning_schedule": decay(peer)}, epochs=2, batches=6)
    assert_lockstep(ours, theirs)


def assert_lockstep(ours, theirs):
    assert len(ours) == len(theirs)
    for step, (our_step, their_step) in enumerate(zip(ours, theirs, strict=True), start=1):
        for ours_now, theirs_now in zip(our_step["masks"], their_step["masks"], strict=True):
            np.testing.assert_array_equal(ours_now, theirs_now, f"masks of step {step}")
        for ours_now, theirs_now in zip(our_step["weights"], their_step["weights"], strict=True):
            np.testing.assert_allclose(
                ours_now, theirs_now, rtol=0, atol=1e-6, err_msg=f"weights of step {step}"
            )


def train_ours(settings, optimizer="sgd", epochs=1, batches=BATCHES, carrier="wrapper"):
    """Train with tfprune; return masks and weights as the forward pass of each step saw them."""
    model, optimizer = network(keras), optimizer_of(keras, optimizer)
    if carrier == "wrapper":
        model = tfprune.prune_low_magnitude(model, **settings)
    else:
        optimizer = tfprune.PruningOptimizer(optimizer, **settings)
    seen = []

    def record(batch, logs):
        masks = [np.array(m.mask).astype(int) for m in all_masked(model)]
        seen.append({"masks": masks, "weights": [np.array(v) for v in model.trainable_variables]})

    recorder = keras.callbacks.LambdaCallback(on_train_batch_begin=record)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    fit(model, [tfprune.UpdatePruningStep(), recorder], epochs, batches)
    return seen


def train_theirs(peer, settings, optimizer="sgd", epochs=1, batches=BATCHES):
    """The same with tfmot: its mask of step t, and the weights after step t - 1 under that mask."""
    model = peer.prune_low_magnitude(network(peer.keras), **settings)
    variables = [v for wrapper in model.layers for v in getattr(wrapper, "pruning_vars", [])]
    dense = [[w.numpy() for w in model.trainable_weights]]
    seen = []

    def record(batch, logs):
        masks = {id(weight): mask.numpy() for weight, mask, _ in variables}
        pairs = zip(model.trainable_weights, dense[-1], strict=True)
        weights = [before * masks.get(id(weight), 1) for weight, before in pairs]
        seen.append({"masks": [m.astype(int) for m in masks.values()], "weights": weights})
        dense.append([w.numpy() for w in model.trainable_weights])

    recorder = peer.keras.callbacks.LambdaCallback(on_train_batch_end=record)
    model.compile(optimizer_of(peer.keras, optimizer), "sparse_categorical_crossentropy")
    fit(model, [peer.UpdatePruningStep(), recorder], epochs, batches)
    return seen


def network(library):
    """A small network in Keras 3 or tf_keras, always with the same initial weights."""
    layers = library.layers
    model = library.Sequential(
        [
            layers.Input((6, 6, 2)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    generator = np.random.default_rng(1)
    model.set_weights([0.3 * generator.normal(size=w.shape) for w in model.get_weights()])
    return model


def optimizer_of(library, name):
    if name == "sgd":
        return library.optimizers.SGD(0.05, momentum=0.9)
    return library.optimizers.Adam(0.01, epsilon=1e-7)


def fit(model, callbacks, epochs, batches):
    x, y = X[: batches * BATCH], Y[: batches * BATCH]
    model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
