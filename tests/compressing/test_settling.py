"""An epoch is judged by what the weights can do, not by statistics that lag behind them."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune.compressing.fitting import Lessons
from tfprune.compressing.way import KerasWay, OwnWay
from tfprune.recipes import FineTune
from tfprune.repairing.recalibrate import recalibrate


def lower(first, second):
    return first["loss"] < second["loss"]


def network(momentum):
    keras.utils.set_random_seed(0)
    norm = layers.BatchNormalization(momentum=momentum)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(4), norm, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    return model


@pytest.mark.parametrize(("momentum", "settled"), [(0.999, 1), (0.5, 0)])
def test_an_epoch_is_judged_settled_while_statistics_lag(momentum, settled, tmp_path):
    x = np.random.default_rng(0).normal(3, 1, (256, 2)).astype("float32")
    data, copies = (x, x[:, 0] - 3), []

    def settle(model):
        copies.append(recalibrate(model, x))
        return copies[-1]

    model = network(momentum)
    way = KerasWay(model, data, data, FineTune(teacher=0))
    lessons = Lessons(epochs=1, until=1, better=lower, seed=0, folder=tmp_path, settle=settle)
    before, after = way.train(model, lessons)
    assert len(copies) == settled and after["loss"] < before["loss"]
    if settled:
        assert after["loss"] == pytest.approx(way.judge(copies[0])["loss"])
        assert after["loss"] < way.judge(model)["loss"]


def test_a_fit_of_ones_own_that_harms_is_undone(tmp_path):
    model = network(0.9)

    def fit(model, epochs):
        model.layers[-1].bias.assign([100.0])

    def evaluate(model):
        return {"loss": abs(float(model.layers[-1].bias[0]))}

    lessons = Lessons(epochs=1, until=1, better=lower, seed=0, folder=tmp_path)
    assert OwnWay(fit, evaluate).train(model, lessons) == [{"loss": 0.0}, {"loss": 100.0}]
    assert float(model.layers[-1].bias[0]) == 0.0
