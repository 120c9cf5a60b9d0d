"""A subclassed model is read as a graph, where its code leaves one."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tests.channels.checks import assert_close, prunable
from tfprune import PruneError


class Net(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(8, 3, name="conv")
        self.norm = layers.BatchNormalization(name="norm")
        self.drop = layers.Dropout(0.5)
        self.head = layers.Dense(2, name="head")

    def call(self, x, training=None):
        x = self.norm(self.conv(x), training=training)
        return self.head(self.drop(keras.ops.mean(x, (1, 2)), training=training))


class Switching(Net):
    def call(self, x, training=None):
        return super().call(x) if training else super().call(x) * 2


class Siamese(Net):
    def call(self, inputs, training=None):
        one, other = inputs
        return super().call(one, training) - super().call(other, training)


X = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype("float32")


def called(model, inputs=X):
    model(inputs)
    return model


def test_the_layers_of_a_subclassed_model_lose_channels():
    model = called(Net(name="net"))
    [group] = prunable(model)
    assert group.startswith("conv 8: writes conv/kernel[3] conv/bias[0]; scales norm/gamma[0]")
    plan = tfprune.plan_structured(model, ratio=0.5)
    small = plan.apply()
    assert [layer.name for layer in small.layers if layer.weights] == ["conv", "norm", "head"]
    assert small.get_layer("conv").filters == 4
    assert_close(small(X), plan.masked()(X), 1e-5)


def test_the_subclassed_model_is_as_it_was():
    model = called(Net())
    before = model(X)
    tfprune.prune_structured(model)
    np.testing.assert_array_equal(model(X), before)
    assert model._inbound_nodes == model.conv._inbound_nodes == []


def test_a_subclassed_model_is_judged_by_its_own_loss():
    model = called(Net())
    model.compile(loss="mse")
    plan = tfprune.plan_structured(model, 0.5, tfprune.criteria.Taylor((X, np.ones((4, 2)))))
    assert plan.removed == 4


def test_several_inputs_come_as_a_list():
    model = called(Siamese(), [X, X[::-1]])
    small = tfprune.prune_structured(model, ratio=0.5)
    assert [tuple(tensor.shape) for tensor in small.inputs] == [(None, 8, 8, 3)] * 2


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (Net(name="net"), "found: it is not built"),
        (
            called(Switching(name="net")),
            "found: it is subclassed: its code cannot be followed: its call goes another way in "
            "training",
        ),
    ],
)
def test_one_that_leaves_no_graph_is_an_error_with_the_reason(model, found):
    with pytest.raises(PruneError) as error:
        tfprune.plan_structured(model)
    assert found in str(error.value)
    assert "fix: build it with keras.Input" in str(error.value)
