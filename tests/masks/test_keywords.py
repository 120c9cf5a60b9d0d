"""An argument that nothing reads is an error that names the nearest."""

from __future__ import annotations

import keras
import pytest

from tfprune import ConstantSparsity, PruneError, prune_low_magnitude


def dense():
    return keras.layers.Dense(2, name="head")


def model():
    return keras.Sequential([keras.Input((4,)), dense()])


@pytest.mark.parametrize("what", [model, dense, lambda: [dense()]])
def test_a_misspelled_argument_is_refused_with_the_nearest(what):
    with pytest.raises(PruneError, match=r"prunning_schedule=\.\.\.\n.*\n.*: pruning_schedule"):
        prune_low_magnitude(what(), prunning_schedule=ConstantSparsity(0.9, 0))


@pytest.mark.parametrize("what", [dense, lambda: [dense()]])
def test_rules_choose_among_the_layers_of_a_model_only(what):
    with pytest.raises(PruneError, match="leave rules out"):
        prune_low_magnitude(what(), rules={"head": None})


def test_what_keras_layers_take_reaches_the_wrapper():
    assert prune_low_magnitude(dense(), name="other").name == "other"
    assert [layer.trainable for layer in prune_low_magnitude([dense()], trainable=False)] == [False]
    with pytest.raises(PruneError, match="name"):
        prune_low_magnitude(model(), name="other")
