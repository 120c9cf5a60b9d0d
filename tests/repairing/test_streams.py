import keras
import numpy as np
import pytest
from keras import layers

import tfprune

X = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")


def residual(normalized, read_twice=False):
    """`stream + branch(stream)`; the stream's kernel is nearly diagonal, so little need be kept."""
    keras.utils.set_random_seed(1)
    x = keras.Input((4,))
    stream = layers.Dense(4, name="stream")(x)
    branch = layers.Dense(4, name="branch")(stream)
    outputs = [branch] if read_twice else []
    if normalized:
        branch = layers.BatchNormalization()(branch)
    model = keras.Model(x, [*outputs, layers.Add()([stream, branch])])
    kernel = model.get_layer("stream").kernel
    kernel.assign(np.eye(4) + 0.3 * np.array(kernel))
    return model


@pytest.mark.parametrize("normalized", [False, True])
def test_a_branch_makes_good_for_what_the_stream_has_lost(normalized):
    model = residual(normalized)
    sparse = tfprune.prune_once(model, 0.75, rules={"branch": None}, repair_on=X)
    assert np.count_nonzero(sparse.get_layer("stream").kernel) == 4
    np.testing.assert_allclose(sparse(X), model(X), atol=2e-2)


def test_a_branch_that_others_read_too_stays_what_it_was_to_them():
    model = residual(normalized=False, read_twice=True)
    sparse = tfprune.prune_once(model, 0.75, rules={"branch": None}, repair_on=X)
    (branch, total), (truth, whole) = sparse(X), model(X)
    np.testing.assert_allclose(branch, truth, atol=2e-2)
    assert np.abs(total - whole).max() > 0.1
