"""Every kind of layer: wrapping changes nothing, training prunes, stripping keeps the zeros."""

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.keras_facts import kernels_of
from tfprune.masks import PrunableLayer, PruneLowMagnitude

RNG = np.random.default_rng(0)
HALF = tfprune.ConstantSparsity(0.5, begin_step=0, frequency=2)


@keras.saving.register_keras_serializable("test")
class Gate(layers.Layer, PrunableLayer):
    """A custom layer that names its prunable weights."""

    def build(self, shape):
        self.table = self.add_weight((shape[-1], 4), name="table")
        self.free = self.add_weight((shape[-1], 4), name="free")

    def call(self, x):
        return x @ self.table + x @ self.free

    def get_prunable_weights(self):
        return [self.table]


@keras.saving.register_keras_serializable("test")
class TwoDense(layers.Layer):
    """A composite custom layer without a build of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first, self.second = layers.Dense(4), layers.Dense(3)

    def call(self, x, training=False):
        return self.second(self.first(x))


LAYERS = {
    "dense": (lambda: layers.Dense(4), (6,)),
    "conv1d": (lambda: layers.Conv1D(4, 3), (8, 6)),
    "conv2d": (lambda: layers.Conv2D(4, 3), (6, 6, 4)),
    "grouped": (lambda: layers.Conv2D(4, 3, groups=2), (6, 6, 4)),
    "conv3d": (lambda: layers.Conv3D(4, 2), (4, 4, 4, 2)),
    "depthwise": (lambda: layers.DepthwiseConv2D(3), (6, 6, 4)),
    "separable": (lambda: layers.SeparableConv2D(6, 3), (6, 6, 4)),
    "transpose": (lambda: layers.Conv2DTranspose(4, 3), (6, 6, 4)),
    "einsum": (lambda: layers.EinsumDense("abc,cd->abd", (None, 5)), (3, 4)),
    "simple_rnn": (lambda: layers.SimpleRNN(4), (5, 6)),
    "lstm": (lambda: layers.LSTM(4), (5, 6)),
    "gru": (lambda: layers.GRU(4), (5, 6)),
    "bidirectional": (lambda: layers.Bidirectional(layers.LSTM(3)), (5, 6)),
    "stacked_cells": (lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(4)]), (5, 6)),
    "time_distributed": (lambda: layers.TimeDistributed(layers.Dense(2)), (5, 6)),
    "custom": (lambda: Gate(), (6,)),
    "composite": (lambda: TwoDense(), (6,)),
}


def trained(model, inputs):
    """Three batches: the masks are set at step 2. Eager, because each model runs only once."""
    model.compile("sgd", "mse", run_eagerly=True)
    targets = keras.tree.map_structure(np.zeros_like, model.predict(inputs, verbose=0))
    callbacks = [tfprune.UpdatePruningStep()]
    model.fit(inputs, targets, batch_size=4, verbose=0, callbacks=callbacks)
    return model


def inputs_like(model, samples=12):
    """Random inputs in the structure the model takes them."""

    def draw(tensor):
        shape = (samples, *tensor.shape[1:])
        integers = tensor.dtype == "int32"
        return RNG.integers(0, 11, shape) if integers else RNG.normal(size=shape).astype("float32")

    inputs = model.inputs[0] if len(model.inputs) == 1 else model._inputs_struct
    return keras.tree.map_structure(draw, inputs)


def sparsities(model):
    return {k.name: float(np.mean(k.variable.numpy() == 0)) for k in kernels_of(model)}


def assert_equal(first, second):
    keras.tree.map_structure(np.testing.assert_array_equal, first, second)


@pytest.mark.parametrize("kind", LAYERS)
def test_wrapping_trains_to_the_sparsity_and_stripping_keeps_the_function(kind):
    make, shape = LAYERS[kind]
    plain = keras.Sequential([keras.Input(shape), tfprune.prune_low_magnitude(make(), HALF)])
    inputs = inputs_like(plain)
    model = trained(plain, inputs)
    stripped = tfprune.strip_pruning(model)
    assert all(
        share == pytest.approx(0.5, abs=0.1) or "free" in name
        for name, share in sparsities(stripped).items()
    )
    assert not any(isinstance(layer, PruneLowMagnitude) for layer in stripped._flatten_layers())
    assert_equal(model(inputs), stripped(inputs))


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.filterwarnings("ignore:.build.. was called on layer:UserWarning")
def test_a_wrapped_layer_comes_back_from_a_keras_file(kind, tmp_path):
    make, shape = LAYERS[kind]
    plain = keras.Sequential([keras.Input(shape), tfprune.prune_low_magnitude(make(), HALF)])
    inputs = inputs_like(plain)
    model = trained(plain, inputs)
    model.save(tmp_path / "wrapped.keras")
    loaded = keras.models.load_model(tmp_path / "wrapped.keras")
    assert_equal(model.get_weights(), loaded.get_weights())
    assert_equal(model(inputs), loaded(inputs))


def embedding_with_mask():
    inputs = keras.Input((5,), dtype="int32")
    hidden = layers.LSTM(4)(layers.Embedding(11, 6, mask_zero=True)(inputs))
    return keras.Model(inputs, layers.Dense(2)(hidden))


def attention():
    query, value = keras.Input((5, 8), name="query"), keras.Input((3, 8), name="value")
    mixed, scores = layers.MultiHeadAttention(2, 4, name="mha")(
        query, value, key=value, return_attention_scores=True
    )
    mixed = layers.GroupQueryAttention(4, 4, 2, name="gqa")(mixed, value)
    mixed = layers.LayerNormalization()(mixed + query)
    return keras.Model({"query": query, "value": value}, {"mixed": mixed, "scores": scores})


def shared_and_nested():
    first, second = keras.Input((8,)), keras.Input((8,))
    twice = layers.Dense(4, name="twice")
    tower = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.ReLU()], name="tower")
    joined = tower(twice(first)) + tower(twice(second))
    return keras.Model([first, second], [layers.Dense(2, name="head")(joined), twice(second)])


def regularized_and_normalized():
    inputs = keras.Input((8, 8, 3))
    hidden = layers.Conv2D(4, 3, kernel_regularizer="l2", use_bias=False)(inputs)
    hidden = layers.Dropout(0.5)(layers.ReLU()(layers.BatchNormalization()(hidden)))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(hidden)))


MODELS = [embedding_with_mask, attention, shared_and_nested, regularized_and_normalized]


@pytest.mark.parametrize("make", MODELS)
def test_strip_after_wrap_is_the_identity(make):
    model = make()
    inputs = inputs_like(model)
    wrapped = tfprune.prune_low_magnitude(model, HALF)
    stripped = tfprune.strip_pruning(wrapped)
    assert stripped.get_config() == model.get_config()
    assert [k.name for k in kernels_of(wrapped)] == [k.name for k in kernels_of(model)]
    assert_equal(model.predict(inputs, verbose=0), wrapped.predict(inputs, verbose=0))
    assert_equal(model(inputs), stripped(inputs))


@pytest.mark.parametrize("make", MODELS)
def test_training_the_wrapped_model_leaves_the_original_alone(make):
    model = make()
    before = [v.numpy() for v in model.variables]
    inputs = inputs_like(model)
    wrapped = trained(tfprune.prune_low_magnitude(model, HALF), inputs)
    assert_equal(before, [v.numpy() for v in model.variables])
    pruned = sparsities(tfprune.strip_pruning(wrapped))
    assert set(pruned.values()) == {0.5}


def test_wrapped_layers_keep_their_names_and_show_in_the_summary():
    model = tfprune.prune_low_magnitude(shared_and_nested(), HALF)
    lines = []
    model.summary(print_fn=lines.append, line_length=120)
    assert "twice (PruneLowMagnitude)" in "\n".join(lines)
    assert model.get_layer("head").layer.name == "head"


def test_losses_keyed_by_output_name_still_work():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, {"age": layers.Dense(1, name="age")(inputs)})
    wrapped = tfprune.prune_low_magnitude(model, HALF)
    wrapped.compile("sgd", {"age": "mse"})
    assert wrapped.evaluate(np.ones((4, 4)), {"age": np.ones((4, 1))}, verbose=0) >= 0


def test_a_wrapper_inside_another_layer_is_stripped_too():
    deep = layers.TimeDistributed(tfprune.prune_low_magnitude(layers.Dense(4), HALF))
    model = trained(keras.Sequential([keras.Input((5, 6)), deep]), RNG.normal(size=(12, 5, 6)))
    stripped = tfprune.strip_pruning(model)
    assert type(stripped.layers[0].layer) is layers.Dense
    assert list(sparsities(stripped).values()) == [0.5]


def test_a_list_of_layers_is_wrapped_one_by_one():
    built = tfprune.prune_low_magnitude(
        [keras.Input((4,))._keras_history.operation, layers.Dense(2)]
    )
    assert [type(layer).__name__ for layer in built] == ["InputLayer", "PruneLowMagnitude"]


def test_a_layer_is_stripped_by_itself():
    layer = tfprune.prune_low_magnitude(layers.Dense(2, name="d"))
    layer(np.ones((1, 4)))
    stripped = tfprune.strip_pruning(layer)
    assert type(stripped) is layers.Dense
    assert_equal(stripped.kernel.numpy(), layer.layer.kernel.numpy())


def test_a_frozen_layer_stays_frozen_in_the_wrapped_model():
    model = shared_and_nested()
    model.get_layer("twice").trainable = False
    wrapped = tfprune.prune_low_magnitude(model, HALF)
    assert len(wrapped.trainable_variables) == len(model.trainable_variables)
    assert wrapped.get_layer("twice").layer.trainable_variables == []


def test_a_rule_for_a_kernel_whose_layer_keras_has_numbered_holds_in_the_copy(tmp_path):
    model = keras.Sequential([keras.Input((6,)), TwoDense(name="block")])
    first, second = (kernel.name for kernel in kernels_of(model))
    pruned = tfprune.prune_low_magnitude(model, HALF, rules={first: None})
    assert [kernel.name for kernel in kernels_of(pruned)] == [first, second]
    pruned.save(tmp_path / "pruned.keras")
    for one in (pruned, keras.saving.load_model(tmp_path / "pruned.keras")):
        [masked] = one.layers[0].masked
        assert masked.kernel.variable is one.layers[0].layer.second.kernel


def test_a_rule_for_a_kernel_that_a_wrapped_layer_lacks_is_refused():
    wrapper = PruneLowMagnitude(layers.Dense(2, name="head"), rules={"kernl": None})
    with pytest.raises(tfprune.PruneError, match=r"'kernl' in 'head'\n.*\nfix: .* kernel"):
        wrapper.build((None, 6))


@keras.saving.register_keras_serializable("test")
class Unguarded(layers.Layer, PrunableLayer):
    """It has a layer inside that is never called, and a build that fails if called twice."""

    def __init__(self, **words):
        super().__init__(**words)
        self.used, self.unused = layers.Dense(4), layers.Dense(3)

    def build(self, shape):
        self.table = self.add_weight((shape[-1], 4), name="table")

    def call(self, x):
        return self.used(x @ self.table)

    def get_prunable_weights(self):
        return [self.table]


def test_a_build_without_a_guard_is_called_once(tmp_path):
    model = keras.Sequential([keras.Input((6,)), Unguarded(name="odd")])
    x = RNG.normal(size=(2, 6)).astype("float32")
    np.testing.assert_array_equal(PruneLowMagnitude(model.layers[0])(x), model(x))
    pruned = tfprune.prune_low_magnitude(model)
    assert pruned.layers[0].name == "odd"  # the config that Keras makes leaves it out
    pruned.save(tmp_path / "pruned.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "pruned.keras")(x), model(x))
    np.testing.assert_array_equal(tfprune.strip_pruning(pruned.layers[0])(x), model(x))


def test_a_layer_that_cannot_be_built_in_its_wrapper_is_named():
    class Fails(Unguarded):
        def build(self, shape):
            raise TypeError("it wants two shapes")

    with pytest.raises(tfprune.PruneError, match=r"build Fails 'odd'.*\nfound: it wants two"):
        PruneLowMagnitude(Fails(name="odd")).build((None, 6))


@keras.saving.register_keras_serializable("tests")
class Merged(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = keras.layers.Dense(2)

    def call(self, inputs):
        return self.inner(inputs[0]) + inputs[1]


def test_a_layer_that_takes_a_list_and_builds_itself_is_wrapped():
    a, b = keras.Input((3,)), keras.Input((2,))
    model = keras.Model([a, b], Merged()([a, b]))
    wrapped = tfprune.prune_low_magnitude(model, tfprune.ConstantSparsity(0.5, 0))
    x = [np.ones((1, 3), "float32"), np.ones((1, 2), "float32")]
    np.testing.assert_allclose(wrapped(x), model(x))
