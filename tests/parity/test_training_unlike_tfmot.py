"""Training: where tfprune departs from tfmot on purpose, as literals.

The model has two weights, 1.0 and 0.9, and one sample that only reaches the second. At sparsity
0.5 the mask of step 1 is [1, 0]; the dense gradient of step 1 then raises the second weight to 2.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest

import tfprune
from tfprune.masks.callbacks import all_masked

pytestmark = pytest.mark.tfmot

X, Y = np.array([[0.0, 1.0]]), np.array([[2.0]])


def fit(library, batches, epochs=1, **settings):
    """Train two weights with tfprune or tfmot; return the mask they end with."""
    on_tfprune = library is tfprune
    framework = keras if on_tfprune else library.keras
    dense = framework.layers.Dense(1, use_bias=False)
    model = framework.Sequential([framework.layers.Input((2,)), dense])
    model.set_weights([np.array([[1.0], [0.9]])])
    model = library.prune_low_magnitude(model, **settings)
    model.compile(framework.optimizers.SGD(0.5), "mse")
    x, y = np.repeat(X, batches, axis=0), np.repeat(Y, batches, axis=0)
    callbacks = [library.UpdatePruningStep()]
    model.fit(x, y, batch_size=1, epochs=epochs, verbose=0, callbacks=callbacks)
    mask = all_masked(model)[0].mask if on_tfprune else model.layers[0].pruning_vars[0][1]
    return np.array(mask).astype(int).ravel().tolist()


def half(library, **settings):
    return library.ConstantSparsity(0.5, **{"begin_step": 0, "frequency": 1, **settings})


def test_a_weight_that_outgrows_a_survivor_comes_back_in_both(peer):
    assert fit(tfprune, batches=2, pruning_schedule=half(tfprune)) == [0, 1]
    assert fit(peer, batches=2, pruning_schedule=half(peer)) == [0, 1]


def test_an_epoch_that_begins_with_an_update_changes_the_masks_of_tfmot_only(peer):
    """tfmot zeroes the weights at the end of an epoch, so none of them can come back there."""
    assert fit(tfprune, batches=1, epochs=2, pruning_schedule=half(tfprune)) == [0, 1]
    assert fit(peer, batches=1, epochs=2, pruning_schedule=half(peer)) == [1, 0]


def test_a_fit_ends_with_the_mask_of_the_next_step_which_tfmot_sets_when_training_goes_on(peer):
    assert fit(tfprune, batches=2, pruning_schedule=half(tfprune, begin_step=3)) == [0, 1]
    assert fit(peer, batches=2, pruning_schedule=half(peer, begin_step=3)) == [1, 1]


@pytest.mark.filterwarnings("ignore::tfprune.errors.PruneWarning")  # one batch is too short a fit
def test_n_m_masks_follow_the_schedule_which_tfmot_ignores(peer):
    """tfmot sets them once, at step 1; tfprune from begin_step on, and again at every update."""
    n_m = {"sparsity_m_by_n": (1, 2)}
    assert fit(tfprune, batches=2, pruning_schedule=half(tfprune), **n_m) == [0, 1]
    assert fit(peer, batches=2, pruning_schedule=half(peer), **n_m) == [1, 0]
    assert fit(tfprune, batches=1, pruning_schedule=half(tfprune, begin_step=9), **n_m) == [1, 1]
    assert fit(peer, batches=1, pruning_schedule=half(peer, begin_step=9), **n_m) == [1, 0]
