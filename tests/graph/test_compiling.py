"""A copy is compiled as its model is, with an optimizer and metrics of its own."""

import warnings

import keras
import numpy as np
import pytest
from keras import layers

from tfprune import ConstantSparsity, PruneWarning, PruningOptimizer
from tfprune.graph.compiling import compiled_as

X, Y = np.ones((4, 2), "float32"), np.zeros((4, 1), "float32")


def line(name="out", **kwargs):
    inputs = keras.Input((2,))
    return keras.Model(inputs, layers.Dense(1, name=name)(inputs), **kwargs)


def compiled(optimizer="sgd", loss="mse", **settings):
    model = line()
    model.compile(optimizer, loss, **settings)
    return model


def copy_of(model, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("error", PruneWarning)
        return compiled_as(line(**kwargs), model)


def test_a_model_that_is_not_compiled_has_a_copy_that_is_not():
    assert not copy_of(line()).compiled


def test_loss_metrics_and_settings_are_those_of_the_model():
    def own(y, p):
        return abs(y - p)

    settings = {"loss_weights": 2.0, "weighted_metrics": ["mae"], "steps_per_execution": 2}
    model = compiled(loss=own, metrics=["mse", own], run_eagerly=True, **settings)
    copy = copy_of(model)
    copy.set_weights(model.get_weights())
    assert copy.loss is own and copy.run_eagerly and copy.steps_per_execution == 2
    assert copy.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_the_optimizer_is_a_new_one_of_the_same_configuration():
    model = compiled(keras.optimizers.Adam(0.1, beta_1=0.5, clipnorm=1.0, weight_decay=0.01))
    model.fit(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.25  # as a callback would
    before = np.array(model.optimizer.variables[-1])
    copy = copy_of(model)
    copy.fit(X, Y, verbose=0)
    assert copy.optimizer.get_config() == model.optimizer.get_config()
    assert int(copy.optimizer.iterations) == int(model.optimizer.iterations) == 1
    np.testing.assert_array_equal(model.optimizer.variables[-1], before)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """As people write them: without get_config, registered nowhere."""

    def __call__(self, step):
        return 0.5 ** keras.ops.cast(step, "float32")


@pytest.mark.parametrize(
    "schedule", [keras.optimizers.schedules.CosineDecay(0.1, 10), Halving()], ids=["Keras", "own"]
)
def test_a_learning_rate_schedule_begins_again(schedule):
    model = compiled(keras.optimizers.SGD(schedule))
    model.fit(X, Y, epochs=2, verbose=0)
    copy = copy_of(model)
    assert float(copy.optimizer.learning_rate) == pytest.approx(float(schedule(0)))
    assert float(model.optimizer.learning_rate) == pytest.approx(float(schedule(2)))


def test_metric_objects_are_copied_without_what_they_have_counted():
    model = compiled(metrics=[keras.metrics.MeanAbsoluteError("error")])
    model.evaluate(X, Y, verbose=0)
    copy = copy_of(model)
    copy.evaluate(10 * X, Y, verbose=0)
    assert model.get_metrics_result()["error"] != copy.get_metrics_result()["error"]


def test_settings_by_output_name_follow_an_output_that_has_another_name():
    model = compiled(loss={"out": "mae"}, metrics={"out": ["mse"]}, loss_weights={"out": 3.0})
    copy = copy_of(model, name="other")
    renamed = compiled_as(line(name="new"), model)
    for one in (copy, renamed):
        one.set_weights(model.get_weights())
        assert one.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    assert renamed.loss == {"new": "mae"}


def test_loss_scaling_and_pruning_are_the_optimizers_of_the_copy_too():
    schedule = ConstantSparsity(0.5, begin_step=0, frequency=1)
    model = compiled(PruningOptimizer("adam", schedule))
    copy = copy_of(model)
    copy.fit(X, Y, verbose=0)
    assert np.count_nonzero(copy.layers[-1].kernel) == 1
    scaled = copy_of(compiled(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(), 8.0)))
    assert scaled.optimizer.initial_scale == 8.0


class Judge(keras.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return keras.ops.mean(y_pred)


def test_a_class_with_a_loss_of_its_own_can_not_hand_it_on_and_that_is_said():
    inputs = keras.Input((2,))
    model = Judge(inputs, layers.Dense(1)(inputs))
    model.compile("sgd")
    with pytest.warns(PruneWarning, match="class Judge has a compute_loss of its own"):
        assert not compiled_as(line(), model).compiled
