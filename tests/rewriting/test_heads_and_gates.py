"""Heads and gates in forms that run sparse compute what they computed."""

import keras
import pytest
from keras import layers, ops

from tests.rewriting.forms import GAP, GATES, HEADS, hard_by_hand, is_ready, same_outputs
from tests.rewriting.models import IMAGES, dense_head, kinds, net
from tfprune.rewriting import plan_sparse_ready


@pytest.mark.parametrize("name", HEADS)
def test_a_head_becomes_pooling_and_dense_layers_exactly(name):
    plan = plan_sparse_ready(net(head=HEADS[name]))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    pool = next(layer for layer in plan.model.layers if isinstance(layer, GAP))
    assert not pool.keepdims and isinstance(plan.model.get_layer("head"), layers.Dense)
    assert plan.model.output_shape == plan.original.output_shape


@pytest.mark.parametrize("name", GATES)
def test_a_gate_becomes_pooling_and_1x1_convolutions_exactly(name):
    plan = plan_sparse_ready(net(GATES[name]))
    assert plan.exact and plan.changes and is_ready(plan) and same_outputs(plan)
    assert isinstance(plan.model.get_layer("excite"), layers.Conv2D)
    assert {"Dense", "Reshape", "GlobalAveragePooling2D"} & set(kinds(plan.model)) == {
        "Dense",
        "GlobalAveragePooling2D",
    }


def test_a_gate_of_a_map_of_one_pixel_is_a_gate():
    plan = plan_sparse_ready(net(GATES["Dense, reshape"], shape=(2, 2, 3)))
    assert isinstance(plan.model.get_layer("excite"), layers.Conv2D)
    assert same_outputs(plan, IMAGES[:, :2, :2])


def test_a_pooling_that_feeds_a_gate_and_a_head_is_named():
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(4, 3, 2, "same", name="stem")(image)
    pooled = GAP(name="both")(x)
    gated = x * layers.Reshape((1, 1, 4))(layers.Dense(4, "sigmoid")(pooled))
    model = keras.Model(image, [layers.Dense(2)(pooled), dense_head(gated)])
    assert "a gate and a head" in str(plan_sparse_ready(model).notes[0])


@pytest.mark.parametrize(
    "swish",
    [
        lambda x: layers.Multiply()([x, hard_by_hand(x)]),
        lambda x: x * layers.Activation("hard_sigmoid")(x),
        lambda x: ops.hard_sigmoid(x) * x,
    ],
)
def test_a_hard_swish_of_several_operations_becomes_one_activation(swish):
    plan = plan_sparse_ready(net(swish))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    [activation] = [x for x in plan.model.layers if isinstance(x, layers.Activation)]
    assert activation.activation is keras.activations.hard_silu


def test_a_hard_sigmoid_of_a_map_is_divided_by_a_depthwise_convolution():
    plan = plan_sparse_ready(net(layers.Activation("hard_sigmoid", name="hard")))
    assert plan.exact and is_ready(plan) and same_outputs(plan)
    assert plan.model.get_layer("hard").max_value == 1.0
