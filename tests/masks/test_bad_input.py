"""What users get wrong, and the message that tells them how to go on."""

import keras
import pytest
from keras import layers

import tfprune
from tests.masks.conftest import small_model
from tests.masks.test_training import TwoLayers
from tfprune.masks import PruneLowMagnitude


def refused(call):
    with pytest.raises(tfprune.PruneError) as error:
        call()
    return str(error.value)


def test_a_subclassed_model_is_sent_to_the_optimizer():
    model = TwoLayers()
    model(keras.ops.ones((1, 6)))
    message = refused(lambda: tfprune.prune_low_magnitude(model))
    assert message == (
        f"asked: wrap the layers of TwoLayers {model.name!r}\n"
        "found: it is subclassed: its calls are code, which cannot be rewired\n"
        "fix: model.compile(optimizer=tfprune.PruningOptimizer('adam', pruning_schedule=...))"
    )


def test_an_unbuilt_model_is_to_be_built_first():
    model = keras.Sequential([layers.Dense(2)])
    assert "model.build(input_shape)" in refused(lambda: tfprune.prune_low_magnitude(model))


def test_a_name_that_matches_nothing_brings_up_the_nearest():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="head")])
    message = refused(lambda: tfprune.prune_low_magnitude(model, rules={"heat": None}))
    assert "asked: rules={'heat': ...}" in message
    assert "no layer has that name; the model has head" in message


def test_rules_that_leave_nothing_to_prune_list_what_they_did():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="head")])
    message = refused(lambda: tfprune.prune_low_magnitude(model, rules={"head": None}))
    assert "head/kernel (4, 2): leave alone (rules say so: 'head' is None)" in message


def test_a_layer_without_kernels_cannot_be_wrapped():
    layer = layers.BatchNormalization(name="norm")
    layer.build((None, 4))
    assert "get_prunable_weights()" in refused(lambda: PruneLowMagnitude(layer))


def test_a_block_larger_than_the_kernel_is_refused_for_a_layer():
    layer = layers.Dense(2)
    layer.build((None, 4))
    message = refused(lambda: tfprune.prune_low_magnitude(layer, block_size=(1, 8)))
    assert "block (1, 8) is larger than the last axes of the kernel (4, 2)" in message


def test_blocks_and_n_m_groups_exclude_each_other():
    call = lambda: tfprune.prune_low_magnitude(  # noqa: E731
        small_model(), block_size=(1, 2), sparsity_m_by_n=(2, 4)
    )
    assert "drop one of the two" in refused(call)


@pytest.mark.parametrize("thing", [None, "model", 3])
def test_other_things_cannot_be_pruned(thing):
    assert "pass a keras.Model" in refused(lambda: tfprune.prune_low_magnitude(thing))


def test_an_optimizer_without_kernels_says_which_variables_it_saw():
    model = keras.Sequential([keras.Input((4,)), layers.BatchNormalization(name="norm")])
    model.compile(tfprune.PruningOptimizer("sgd"), "mse")
    message = refused(lambda: model.optimizer.build(model.trainable_variables))
    assert "norm/gamma" in message and "pass kernels=lambda variable" in message


def test_a_refused_call_leaves_the_model_as_it_was():
    model = small_model()
    before = model.get_config(), [v.numpy().tolist() for v in model.variables]
    refused(lambda: tfprune.prune_low_magnitude(model, rules={"nothing": None}))
    assert before == (model.get_config(), [v.numpy().tolist() for v in model.variables])
