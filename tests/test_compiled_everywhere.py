"""Every verb that makes another model of a compiled one returns it compiled alike."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

import tfprune

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = {"left": np.zeros((64, 1), "float32"), "right": np.ones((64, 1), "float32")}


def own_loss(y, p):
    return keras.ops.square(y - p) + 1.0


def network():
    inputs = keras.Input((4,))
    x = layers.BatchNormalization()(layers.Dense(4, "relu", name="hidden")(inputs))
    x = layers.Add(name="add")([x, layers.Dense(4, name="branch")(x)])
    return keras.Model(inputs, [layers.Dense(1, name=name)(x) for name in Y])


VERBS = {
    "plan.apply": lambda model: tfprune.plan_structured(model, 0.5).apply(),
    "prune_structured": lambda model: tfprune.prune_structured(model, 0.5, repair_on=X),
    "prune_layers": lambda model: tfprune.prune_layers(model, "add"),
    "recalibrate": lambda model: tfprune.recalibrate(model, X),
    "strip_pruning": lambda model: tfprune.strip_pruning(model),
    "quantize_model": lambda model: tfprune.quantize_model(model),
}
every_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


@every_verb
def test_the_other_model_is_compiled_alike_and_trains(verb):
    model = network()
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 10, 0.5)
    losses = {"left": own_loss, "right": "mse"}
    weights = {"left": 2.0, "right": 1.0}
    model.compile(keras.optimizers.Adam(schedule), losses, weights, metrics={"left": ["mae"]})
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*not compiled.*")
        other = verb(model)
    assert (other.loss, other.optimizer.get_config()) == (losses, model.optimizer.get_config())
    assert other.optimizer is not model.optimizer
    history = other.fit(X, Y, verbose=0).history
    assert sorted(history) == ["left_loss", "left_mae", "loss", "right_loss"]


@every_verb
def test_a_model_that_is_not_compiled_gives_one_that_is_not(verb):
    assert not verb(network()).compiled


def test_stripping_takes_the_pruning_off_the_optimizer_too():
    model = network()
    inner = keras.optimizers.SGD(0.5)
    schedule = tfprune.ConstantSparsity(0.5, begin_step=0, frequency=1)
    model.compile(tfprune.PruningOptimizer(inner, pruning_schedule=schedule), "mse")
    stripped = tfprune.strip_pruning(model)
    assert type(stripped.optimizer) is keras.optimizers.SGD
    assert float(stripped.optimizer.learning_rate) == 0.5
