"""Every kind of layer trains, survives saving, becomes int8, and computes in the file as in Keras.

The networks of one group are the outputs of one model, so that it is converted only once.
"""

import inspect

import keras
import numpy as np
import pytest

from .layers_table import GROUPS, INPUTS
from .road import (
    batch_for,
    change,
    converted,
    float_ops,
    outputs_of,
    steps_apart,
    train,
    unlearned,
)

CASES = [(group, name) for group, table in GROUPS.items() for name in table]

# Averages of a few int8 numbers often lie halfway between two; TensorFlow's fake quantization and
# TFLite's kernels round these to different sides.
HALFWAY = {"average_pool", "average_pool_first", "average_pool1d", "upsampling_bilinear"}
HALFWAY |= {"global_average1d", "resizing", "ops_resize"}

# One step of the convolution's output is about four steps of tanh's, or of the narrower clip's and
# ELU's, whose negative half is pressed together.
STEEP = {"tanh_inside": 4.01, "ops_clip": 4.01, "elu": 4.01}


class Group:
    """The trained model of a group, the one loaded from its file, and the .tflite file."""

    def __init__(self, table, folder):
        keras.utils.set_random_seed(0)
        used = {
            name for function in table.values() for name in inspect.signature(function).parameters
        }
        inputs = {name: keras.Input(INPUTS[name], name=name) for name in INPUTS if name in used}

        def output(function):
            return function(*(inputs[name] for name in inspect.signature(function).parameters))

        outputs = {name: output(function) for name, function in table.items()}
        model = keras.Model(list(inputs.values()), outputs)
        self.inputs = batch_for(model)
        self.float_outputs = outputs_of(model, self.inputs)
        self.aware = unlearned(model, self.inputs)
        self.unlearned_outputs = outputs_of(self.aware, self.inputs)
        train(self.aware, self.inputs, self.float_outputs)
        self.aware.save(folder / "aware.keras")
        self.loaded = keras.saving.load_model(folder / "aware.keras")
        self.path = converted(self.aware, folder)
        self.steps = {
            xnnpack: steps_apart(self.aware, self.path, self.inputs, xnnpack)
            for xnnpack in (True, False)
        }


@pytest.fixture(scope="module")
def group_of(tmp_path_factory):
    made = {}

    def get(name):
        if name not in made:
            made[name] = Group(GROUPS[name], tmp_path_factory.mktemp(name))
        return made[name]

    return get


@pytest.mark.parametrize("group", GROUPS)
def test_no_op_stays_float(group_of, group):
    assert float_ops(group_of(group).path) == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_loaded_model_computes_the_same(group_of, group):
    made = group_of(group)
    before, after = outputs_of(made.aware, made.inputs), outputs_of(made.loaded, made.inputs)
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


@pytest.mark.parametrize(("group", "name"), CASES)
def test_it_is_the_float_model_before_it_learns(group_of, group, name):
    made = group_of(group)
    assert change(made.unlearned_outputs[name], made.float_outputs[name]) < 0.05


@pytest.mark.parametrize(("group", "name"), CASES)
def test_the_file_computes_what_keras_computes(group_of, group, name):
    with_xnnpack, without = (group_of(group).steps[xnnpack][name] for xnnpack in (True, False))
    assert max(with_xnnpack.max(), without.max()) < STEEP.get(name, 2.01)
    if name not in HALFWAY:
        assert np.mean(with_xnnpack < 0.01) > 0.9
        assert np.mean(without < 0.01) > 0.8
