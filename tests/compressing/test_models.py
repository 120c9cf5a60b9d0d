"""Models of every kind are told apart, saved, loaded and judged."""

import keras
import pytest
from keras import layers

import tfprune
from tfprune.compressing import compress
from tfprune.compressing.fitting import Lessons
from tfprune.compressing.naming import word_of
from tfprune.compressing.own_classes import has_code, known
from tfprune.compressing.way import KerasWay
from tfprune.errors import PruneError
from tfprune.keras_files import load_model, save_model
from tfprune.recipes import FineTune

from .conftest import network


def twins(change=lambda model: None):
    """The same model, built twice; the second one is changed."""
    first, second = network(), network()
    second.set_weights(first.get_weights())
    change(second)
    return first, second


def test_a_model_that_is_built_again_is_the_same_whatever_keras_calls_its_layers():
    first, second = twins()
    assert first.layers[-1].name != second.layers[-1].name
    assert word_of(first, exact=False) == word_of(second, exact=False)


def test_names_count_where_somebody_speaks_of_layers_by_them():
    first, second = twins()
    assert word_of(first, exact=True) != word_of(second, exact=True)


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.layers[0].bias.assign_add([1.0] * 32),
        lambda model: setattr(model.layers[0], "trainable", False),
        lambda model: setattr(model.layers[1], "activation", keras.activations.tanh),
    ],
    ids=["weights", "frozen", "activation"],
)
def test_a_change_makes_another_model(change):
    first, second = twins(change)
    assert word_of(first, exact=False).key != word_of(second, exact=False).key


def test_a_name_of_the_users_own_is_part_of_the_model():
    def named(name):
        return keras.Sequential(
            [keras.Input((2,)), layers.Dense(1, "relu", True, "ones", name=name)]
        )

    assert word_of(named("a"), exact=False).key != word_of(named("b"), exact=False).key


class Halved(layers.Layer):
    """Nobody has registered it."""

    def call(self, x):
        return x / 2


def plus_one(x):
    return x + 1


def test_layers_and_functions_of_the_users_own_need_not_be_registered(tmp_path):
    steps = [Halved(), layers.Dense(2, plus_one), layers.Lambda(lambda x: x)]
    model = keras.Sequential([keras.Input((2,)), *steps])
    save_model(model, tmp_path / "model.keras")
    with known(model):
        again = load_model(tmp_path / "model.keras", trusted=has_code(model))
    assert type(again.layers[0]) is Halved and again.layers[1].activation is plus_one
    assert type(keras.saving.get_custom_objects().get("Halved")) is not type


class Forgetful(layers.Layer):
    """Its config forgets what it was made with."""

    def __init__(self, units):
        super().__init__()
        self.dense = layers.Dense(units)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (lambda: tfprune.prune_low_magnitude(network()), "carry pruning masks"),
        (lambda: tfprune.quantize_model(network()), "comes from quantize_model"),
        (
            lambda: keras.Sequential([keras.Input((1,), dtype="string"), layers.Flatten()]),
            "takes strings",
        ),
        (
            lambda: keras.Sequential([keras.Input((6,)), Forgetful(4)]),
            "of this one Keras cannot read it",
        ),
    ],
    ids=["masks", "int8", "strings", "config"],
)
def test_a_model_that_cannot_go_this_road_is_told_at_once(made, found, train, tmp_path):
    with pytest.raises(PruneError, match=found):
        compress(made(), train[0], out=tmp_path)


def test_other_validation_data_is_another_way_to_judge(train, validation):
    judged = (validation, train, validation)
    ways = [KerasWay(network(), train, data, FineTune()) for data in judged]
    assert ways[0].key == ways[2].key != ways[1].key


class Counted(layers.Layer):
    """Counts how often its call is traced."""

    traces = 0

    def call(self, x):
        Counted.traces += 1
        return x


def test_judging_after_each_epoch_traces_the_network_once(train, validation, tmp_path):
    def traced(epochs):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.Input((6,)), Counted(), layers.Dense(4, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        way = KerasWay(model, train, validation, FineTune(teacher=0))
        folder = tmp_path / str(epochs)
        folder.mkdir()
        before = Counted.traces
        way.train(
            model,
            Lessons(epochs=epochs, until=epochs, better=lambda *_: False, seed=0, folder=folder),
        )
        return Counted.traces - before

    assert traced(4) == traced(1)
