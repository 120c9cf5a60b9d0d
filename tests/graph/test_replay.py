import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfprune.errors import PruneError
from tfprune.graph import Clones, clone_layer, nodes_in_order, replay

RNG = np.random.default_rng(0)


def replayed(model):
    clones = Clones(model)
    copy = replay(model, clones.of)
    clones.copy_weights()
    return copy


def diamond():
    inputs = keras.Input((4,), name="in")
    left, right = layers.Dense(4, name="left")(inputs), layers.Dense(4, name="right")(inputs)
    return keras.Model(inputs, layers.Add(name="join")([left, right]))


def arithmetic():
    inputs = keras.Input((4,))
    doubled = layers.Lambda(lambda x: 2 * x)(inputs)
    return keras.Model(inputs, {"sum": keras.ops.concatenate([doubled, inputs + 1.0], -1)})


def shared_in_two_nested_models():
    shared = layers.Dense(4, name="shared")
    towers = [keras.Sequential([keras.Input((4,)), shared, layers.ReLU()]) for _ in range(2)]
    inputs = keras.Input((4,))
    return keras.Model(inputs, towers[0](inputs) - towers[1](towers[0](inputs)))


@pytest.mark.parametrize("make", [diamond, arithmetic, shared_in_two_nested_models])
def test_a_replayed_model_computes_the_same_with_weights_and_operations_of_its_own(make):
    model = make()
    copy = replayed(model)
    x = RNG.normal(size=(3, 4)).astype("float32")
    keras.tree.map_structure(np.testing.assert_array_equal, model(x), copy(x))
    assert not {id(v) for v in model.variables} & {id(v) for v in copy.variables}
    assert not {id(op) for op in model.operations} & {id(op) for op in copy.operations}


@pytest.mark.parametrize(
    "name", ["MobileNet", "MobileNetV2", "MobileNetV3Small", "EfficientNetB0", "DenseNet121"]
)
def test_keras_applications_replay_bit_equal(name):
    model = getattr(keras.applications, name)(weights=None, input_shape=(32, 32, 3), classes=10)
    x = RNG.uniform(0, 255, (1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(model(x), replayed(model)(x))


def test_a_layer_is_changed_once_and_shared_as_before():
    seen = []

    def change(layer):
        seen.append(layer.name)
        return clone_layer(layer)

    copy = replay(shared_in_two_nested_models(), change)
    assert seen.count("shared") == 1
    assert copy.layers[1].layers[0] is copy.layers[2].layers[0]


def test_all_layers_are_changed_before_the_first_call_those_of_a_class_in_a_row():
    x = inputs = keras.Input((4,))
    for number in range(2):
        x = layers.ReLU(name=f"act_{number}")(layers.Dense(4, name=f"dense_{number}")(x))
    seen = []

    def change(layer):
        seen.append(layer.name)
        return clone_layer(layer)

    def call(node, layer, args, kwargs):
        seen.append("call")
        return layer(*args, **kwargs)

    replay(keras.Model(inputs, x), change, call=call)
    assert seen == ["dense_0", "dense_1", "act_0", "act_1", *4 * ["call"]]


class NeedsAnArgument(layers.Layer):
    def __init__(self, number):
        super().__init__(name="stubborn")
        self.number = number

    def call(self, x):
        return x * self.number


def test_a_layer_that_cannot_be_rebuilt_is_shared_and_noted():
    model = keras.Sequential([keras.Input((4,)), NeedsAnArgument(np.float32([3]))])
    clones = Clones(model)
    copy = replay(model, clones.of)
    assert copy.layers[0] is model.layers[0]
    [note] = clones.notes
    assert note.subject == "stubborn"
    assert "non-serializable argument values in `__init__()`, and" in note.reason  # on one line


def test_a_copy_may_be_deeper_than_python_recurses_by_itself():
    inputs = x = keras.Input((1,))
    for _ in range(600):
        x = layers.ReLU()(x)
    twice = replay(
        keras.Model(inputs, x), lambda op: op, call=lambda _, op, args, __: op(op(*args))
    )
    assert len(nodes_in_order(twice)) == 1201
    assert sys.getrecursionlimit() < 2000


def adapted(layer, data):
    layer.adapt(data)
    inputs = keras.Input((1,), dtype=data.dtype.name)
    return keras.Model(inputs, layer(inputs))


@pytest.mark.parametrize(
    "layer, data",
    [
        (layers.Normalization(), np.array([[1.0], [2.0], [6.0]], "float32")),
        (layers.Discretization(num_bins=2), np.array([[1.0], [2.0], [6.0]], "float32")),
        (layers.IntegerLookup(), np.array([[7], [8], [7]])),
        (layers.StringLookup(), tf.constant([["a"], ["b"], ["a"]])),
        (layers.TextVectorization(output_sequence_length=2), tf.constant([["a b"], ["b c"]])),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_layer_was_adapted_to_is_copied(layer, data):
    model = adapted(layer, data)
    np.testing.assert_array_equal(model(data), replayed(model)(data))


def test_what_cannot_be_saved_and_loaded_is_an_error():
    class Closed(layers.StringLookup):
        def save_assets(self, dir_path):
            raise ValueError("it is secret")

    model = adapted(Closed(name="closed"), tf.constant([["a"], ["b"]]))
    with pytest.raises(PruneError, match="it cannot be saved and loaded: it is secret"):
        replayed(model)


def test_what_a_layer_inside_another_was_adapted_to_is_copied():
    steps = keras.Input((3, 1))
    inner = layers.Normalization(axis=None)
    inner.adapt(np.array([1.0, 2.0, 6.0]))
    model = keras.Model(steps, layers.TimeDistributed(inner)(steps))
    x = np.ones((1, 3, 1), "float32")
    np.testing.assert_array_equal(model(x), replayed(model)(x))


def test_variables_of_a_copy_are_created_with_their_final_values():
    class Doubled(layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(shape=(), initializer="random_normal", name="scale")
            self.twice = 2 * np.array(self.scale)

        def call(self, x):
            return self.twice * x

    model = keras.Sequential([keras.Input((4,)), Doubled()])
    model.layers[0].scale.assign(3.0)
    model.layers[0].twice = 6.0
    assert replayed(model).layers[0].twice == 6.0


def test_a_layer_that_names_no_weights_is_copied_too():
    class Anonymous(layers.Layer):
        def build(self, shape):
            self.a, self.b = (self.add_weight((4,), "random_normal") for _ in range(2))
            self.c = self.add_weight(shape=(4,), initializer="random_normal", name="c")

        def call(self, x):
            return x * self.a + self.b * self.c

    model = keras.Sequential([keras.Input((4,)), Anonymous()])
    x = np.ones((1, 4), "float32")
    np.testing.assert_array_equal(model(x), replayed(model)(x))


def test_a_layer_whose_config_does_not_tell_its_size_is_an_error():
    class Grown(layers.Layer):
        size = 4

        def build(self, shape):
            self.scale = self.add_weight(shape=(self.size,), name="scale")

        def call(self, x):
            return x

    grown = Grown()
    grown.size = 5
    model = keras.Sequential([keras.Input((4,)), grown])
    with pytest.raises(PruneError, match="rebuilt from its config it has other weights than now"):
        replayed(model)


def test_a_copy_may_be_built_while_the_call_of_a_wrapper_is_traced():
    class Wraps(keras.layers.Layer):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def call(self, x):
            return self.layer(x)

    head = keras.layers.Dense(2)
    head.build((None, 3))
    clones = Clones(head)
    wrapped = Wraps(clones.of(head))
    wrapped(keras.Input((3,)))
    clones.copy_weights()
    np.testing.assert_array_equal(wrapped.layer.kernel, head.kernel)
