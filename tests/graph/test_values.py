import keras
import numpy as np
import pytest
from keras import layers

from tfprune.graph import Clones, replay, values_of


def copied(model):
    clones = Clones(model)
    copy = replay(model, clones.of)
    clones.copy_weights()
    return copy


def train(model, jit):
    """One step of SGD, dense on a kernel and sparse on the rows 1 and 2 of a table."""
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "mse", jit_compile=jit)
    model.fit(np.array([[1, 2]]), np.ones((1, 2, 1)), verbose=0)


def test_values_are_read_without_a_copy_and_cannot_be_written_to():
    variable = keras.Variable([1.0, 2.0])
    values = values_of(variable)
    assert not values.flags.owndata
    assert not values.flags.writeable


def test_values_stay_as_they_were_read_when_the_variable_goes_on():
    variable = keras.Variable([1.0, 2.0])
    values = values_of(variable)
    variable.assign_add([1.0, 1.0])
    assert values.tolist() == [1.0, 2.0]
    assert variable.numpy().tolist() == [2.0, 3.0]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("trained", ["the copy", "the original"])
def test_training_a_copy_or_its_original_leaves_the_other_as_it_is(trained, jit):
    inputs = keras.Input((2,), dtype="int32")
    model = keras.Model(inputs, layers.Dense(1)(layers.Embedding(4, 3)(inputs)))
    before = [variable.numpy() for variable in model.variables]
    copy = copied(model)
    moves, stays = (copy, model) if trained == "the copy" else (model, copy)
    train(moves, jit)
    for old, new, still in zip(before, moves.variables, stays.variables, strict=True):
        assert (new.numpy() != old).any()
        np.testing.assert_array_equal(still.numpy(), old)
