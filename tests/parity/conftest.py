"""tfmot 0.8.1 on tf_keras as peer, in the same process as tfprune on Keras 3."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def peer() -> SimpleNamespace:
    """tfmot's classes; `peer.keras` is the tf_keras that tfmot itself uses."""
    environment = dict(os.environ)  # tfmot changes it
    reason = 'the peer is not installed: pip install "tfprune[tfmot]"'
    tf_keras = pytest.importorskip("tf_keras", reason=reason)
    tfmot = pytest.importorskip("tensorflow_model_optimization", reason=reason)
    os.environ.clear()
    os.environ.update(environment)
    from tensorflow_model_optimization.python.core.sparsity.keras import pruning_impl

    return SimpleNamespace(
        keras=tf_keras,
        Pruning=pruning_impl.Pruning,
        **{name: getattr(tfmot.sparsity.keras, name) for name in _PUBLIC},
    )


_PUBLIC = (
    "prune_low_magnitude",
    "strip_pruning",
    "UpdatePruningStep",
    "PolynomialDecay",
    "ConstantSparsity",
)


@pytest.fixture(scope="session")
def peer_mask(peer):
    """Function (weights, sparsity, …) → the mask that tfmot sets, as 0 and 1."""
    import tensorflow as tf

    def mask(weights, sparsity=0.5, block_size=(1, 1), pooling="AVG", m_by_n=None):
        weights = tf.constant(np.asarray(weights, "float32"))
        schedule = peer.ConstantSparsity(sparsity, begin_step=0)
        pruning = peer.Pruning(lambda: 1, [], schedule, block_size, pooling, m_by_n)
        return pruning._maybe_update_block_mask(weights)[1].numpy().astype(int)

    return mask
