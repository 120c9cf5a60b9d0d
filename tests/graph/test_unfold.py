import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfprune.graph import unfold

RNG = np.random.default_rng(0)


class Block(layers.Layer):
    """A composite: what `make` calls, in the order of its call."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.wide = layers.Dense(6, "relu", name="wide")
        self.narrow = layers.Dense(4, name="narrow")

    def call(self, x):
        return x + self.narrow(self.wide(x))


class Switching(Block):
    def call(self, x, training=None):
        return x + self.narrow(self.wide(x)) if training else x + self.narrow(self.wide(x)) / 2


class PassingOn(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = layers.Dropout(0.5)

    def call(self, x, training=None):
        return x + self.drop(self.narrow(self.wide(x)), training=training)


class Opened(PassingOn):
    """A gated part: a layer and an operation at the same depth."""

    def call(self, x, training=None):
        ones = keras.ops.ones((keras.ops.shape(x)[0], 1))
        opened = self.wide(x) * keras.ops.silu(keras.ops.tile(x, (1, 2))[:, :6]) * ones
        return self.drop(self.narrow(opened), training=training)


class Turned(Block):
    """Turns its input by angles that its code computes, as rotary positions do."""

    def call(self, x):
        return super().call(x * keras.ops.cos(keras.ops.arange(4, dtype="float32")))


class Causal(Block):
    """Later places are left out of a mean, by a mask that is made for each example."""

    def call(self, x):
        length = keras.ops.arange(x.shape[1])
        mask = keras.ops.cast(length[:, None] >= length[None], "float32")
        mask = keras.ops.broadcast_to(mask, (keras.ops.shape(x)[0], *mask.shape))
        return super().call(keras.ops.matmul(mask, x))


class Scaled(Block):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(4,), initializer="ones", name="gamma")

    def call(self, x):
        return super().call(x) * self.gamma


class Noisy(Block):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.drop = keras.random.SeedGenerator(0)


class Bounded(Scaled):
    def build(self, shape):
        self.gamma = self.add_weight(shape=(4,), constraint="non_neg", name="gamma")


class Tied(Block):
    def call(self, x):
        return self.narrow(self.wide(x)) @ keras.ops.transpose(self.wide.kernel[:4, :4])


class Foreign(Block):
    def call(self, x):
        return tf.nn.relu(super().call(x))


class Losing(Block):
    def call(self, x):
        self.add_loss(keras.ops.sum(x))
        return super().call(x)


class TwoBlocks(layers.Layer):
    def __init__(self, block, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, x):
        return self.block(self.block(x))


class Mixing(Block):
    def call(self, x, other):
        return self.narrow(self.wide(x)) * other


def everything(layer):
    return True


def around(block):
    return keras.Sequential([keras.Input((4,)), block, layers.Dense(2, name="head")])


def same(one, two):
    x = RNG.normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(one(x), two(x))


def test_a_composite_becomes_a_nested_model_of_its_layers_that_computes_the_same():
    model = around(Block(name="block"))
    unfolded, notes = unfold(model, everything)
    same(model, unfolded)
    assert notes == ()
    assert [layer.name for layer in unfolded.layers] == ["block", "head"]
    inside = unfolded.get_layer("block")
    assert [layer.name for layer in inside.layers if layer.weights] == ["wide", "narrow"]


def test_the_given_model_keeps_its_weights_and_its_layers_as_they_are():
    block = Block(name="block")
    model = around(block)
    unfolded, _ = unfold(model, everything)
    assert not {id(v) for v in model.variables} & {id(v) for v in unfolded.variables}
    assert block.wide._inbound_nodes == block.narrow._outbound_nodes == []


def test_without_a_wanted_composite_the_model_itself_comes_back():
    model = around(Block())
    assert unfold(model, lambda layer: False) == (model, ())


def test_composites_inside_composites_are_unfolded_and_stay_shared():
    model = around(TwoBlocks(Block(name="inner"), name="outer"))
    unfolded, _ = unfold(model, everything)
    same(model, unfolded)
    assert len(unfolded.weights) == len(model.weights) == 6
    assert unfolded.get_layer("outer").get_layer("inner").get_layer("wide").weights


def test_a_block_in_two_composites_stays_one_block():
    block = Block(name="inner")
    inputs = keras.Input((4,))
    model = keras.Model(inputs, TwoBlocks(block)(TwoBlocks(block)(inputs)))
    unfolded, _ = unfold(model, everything)
    same(model, unfolded)
    assert len(unfolded.weights) == 4


def test_a_composite_of_two_tensors_is_called_with_both():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Mixing(name="mix")(inputs, other=layers.ReLU()(inputs)))
    unfolded, notes = unfold(model, everything)
    same(model, unfolded)
    assert notes == ()
    assert len(unfolded.get_layer("mix").inputs) == 2


def test_training_reaches_the_layers_inside():
    model = around(PassingOn(name="block"))
    unfolded, _ = unfold(model, everything)
    same(model, unfolded)
    x = np.ones((50, 4), "float32")
    assert not np.array_equal(unfolded(x, training=True), unfolded(x))


def test_calls_of_one_depth_may_come_in_any_order():
    """In training, too, the code goes one way; only a layer's second call is numbered so."""
    model = around(Opened(name="block"))
    unfolded, notes = unfold(model, everything)
    same(model, unfolded)
    assert notes == ()


def test_constants_that_no_weight_made_are_part_of_the_code():
    model = around(Turned(name="block"))
    unfolded, notes = unfold(model, everything)
    same(model, unfolded)
    assert notes == ()


def test_a_constant_of_as_many_rows_as_examples_becomes_one_row():
    inputs = keras.Input((3, 4))
    model = keras.Model(inputs, Causal(name="block")(inputs))
    unfolded, notes = unfold(model, everything)
    x = RNG.normal(size=(5, 3, 4)).astype("float32")
    np.testing.assert_array_equal(model(x), unfolded(x))
    assert notes == ()


def test_regularizers_of_the_layers_inside_stay():
    block = Block(name="block")
    block.wide.kernel_regularizer = keras.regularizers.L2(1.0)
    model = around(block)
    unfolded, notes = unfold(model, everything)
    assert notes == ()
    assert float(sum(unfolded.losses)) == float(sum(model.losses)) > 0


def test_a_frozen_composite_stays_frozen():
    model = around(Block(name="block"))
    model.get_layer("block").trainable = False
    unfolded, _ = unfold(model, everything)
    assert [v.path.split("/")[-2] for v in unfolded.trainable_variables] == ["head", "head"]
    assert not unfolded.get_layer("block").trainable


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Switching, "its call goes another way in training"),
        (Noisy, "it draws random numbers"),
        (Bounded, "gamma has a constraint"),
        (Tied, "it computes with the weights of its layers"),
        (Losing, "its call does not take symbolic tensors (`add_loss()`"),
        (Foreign, "its call does not take symbolic tensors"),
    ],
)
def test_a_composite_that_a_graph_would_not_say_all_of_stays_with_the_reason(kind, reason):
    model = around(kind(name="block"))
    unfolded, [note] = unfold(model, everything)
    assert unfolded is model
    assert note.subject == "block"
    assert reason in note.reason


def test_weights_of_its_own_become_tables_of_the_same_names_and_values():
    model = around(Scaled(name="block"))
    model.get_layer("block").gamma.assign([1, 2, 3, 4])
    unfolded, notes = unfold(model, everything)
    same(model, unfolded)
    assert notes == ()
    table = unfolded.get_layer("block").get_layer("gamma")
    np.testing.assert_array_equal(table.embeddings, [[1, 2, 3, 4]])
    assert type(model.get_layer("block").gamma) is keras.Variable


class FirstOfAll(layers.Layer):
    """A learned token before the others, for as many examples as there are."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")

    def call(self, x):
        batch = keras.ops.shape(x)[0]
        return keras.ops.concatenate([keras.ops.tile(self.token, (batch, 1, 1)), x], axis=1)


class InPairs(layers.Layer):
    def call(self, x):
        batch, length, width = keras.ops.shape(x)
        x = keras.ops.reshape(x, (batch * length // 2, 2 * width)) * 2.0
        return keras.ops.reshape(x, (batch, length, width))


@pytest.mark.parametrize("kind", [FirstOfAll, InPairs])
def test_code_that_asks_for_the_number_of_examples_serves_any_number(kind):
    model = keras.Sequential([keras.Input((4, 3)), kind(name="block")])
    unfolded, notes = unfold(model, everything)
    assert notes == ()
    x = RNG.normal(size=(5, 4, 3)).astype("float32")
    np.testing.assert_array_equal(model(x), unfolded(x))


class Merging(layers.Layer):
    """Adds a map of half the size."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.up = layers.UpSampling2D(2)

    def call(self, large, small):
        return large + self.up(small)


class TwiceMerging(Merging):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Merging(name="inner")

    def call(self, large, small):
        return self.inner(super().call(large, small), small)


def test_maps_of_open_sizes_are_tried_at_sizes_that_fit_together():
    image = keras.Input((None, None, 3))
    half = layers.AveragePooling2D(2)(image)
    model = keras.Model(image, TwiceMerging(name="block")(image, half))
    unfolded, notes = unfold(model, everything)
    assert notes == ()
    x = RNG.normal(size=(2, 6, 8, 3)).astype("float32")
    np.testing.assert_array_equal(model(x), unfolded(x))


def test_one_that_stays_does_not_keep_others_from_being_unfolded():
    model = keras.Sequential([keras.Input((4,)), Block(name="a"), Switching(name="b")])
    unfolded, [note] = unfold(model, everything)
    same(model, unfolded)
    assert note.subject == "b"
    assert isinstance(unfolded.get_layer("a"), keras.Model)


def test_a_composite_of_a_layer_that_cannot_be_copied_stays_and_works_on():
    class Uncopied(Scaled):
        def get_config(self):
            raise NotImplementedError

    model = around(TwoBlocks(Uncopied(name="inner"), name="outer"))
    unfolded, notes = unfold(model, lambda layer: layer.name == "outer")
    assert unfolded is model
    assert [str(note) for note in notes] == [
        "outer: inner inside it cannot be rebuilt from its config"
    ]
    same(model, keras.Model(model.inputs[0], model.outputs[0]))


def test_a_graph_that_computes_something_else_is_refused():
    class Secret(Block):
        def call(self, x):
            known = isinstance(x, keras.KerasTensor)
            return self.narrow(self.wide(x)) * (1.0 if known else 2.0)

    _, [note] = unfold(around(Secret(name="block")), everything)
    assert note.reason == "its graph computes something else"


class Halved(layers.Layer):
    def call(self, x):
        return keras.ops.concatenate([x / 2, x], axis=-1)


def test_a_layer_of_operations_alone_becomes_a_model_of_them():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, Halved(name="halved")(layers.Dense(3)(inputs)))
    unfolded, notes = unfold(model, lambda layer: isinstance(layer, Halved))
    assert isinstance(unfolded.get_layer("halved"), keras.Model) and not notes
    data = RNG.normal(size=(2, 4)).astype("float32")
    np.testing.assert_array_equal(unfolded(data), model(data))


class Windows(layers.Layer):
    """Pairs of places that meet; the batch is read from the tensor, as in code for eager mode."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.mix = layers.Dense(4, name="mix")

    def call(self, x):
        batch = keras.ops.shape(x)[0]
        x = keras.ops.reshape(x, (batch, -1, 2, 4))
        x = self.mix(keras.ops.max(x, axis=2))
        return keras.ops.reshape(x, (batch, -1, 2, 2))


def test_reshapes_to_the_batch_of_a_tensor_are_followed():
    model = keras.Sequential([keras.Input((6, 4)), Windows(name="windows")])
    unfolded, notes = unfold(model, lambda layer: True)
    assert unfolded.get_layer("windows").output.shape == (None, 3, 2, 2) and not notes
    data = RNG.normal(size=(5, 6, 4)).astype("float32")
    np.testing.assert_array_equal(unfolded(data), model(data))


class Positions(layers.Layer):
    """Tokens and their places, each with an embedding of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.tokens = layers.Embedding(7, 4, name="tokens")
        self.places = layers.Embedding(6, 4, name="places")

    def call(self, x):
        return self.tokens(x) + self.places(keras.ops.arange(x.shape[1]))


def test_a_layer_that_is_called_with_constants_stays_a_layer_that_learns():
    model = keras.Sequential([keras.Input((6,), dtype="int32"), Positions(name="positions")])
    unfolded, notes = unfold(model, lambda layer: True)
    assert [v.path.split("/")[-2] for v in unfolded.trainable_variables] == ["tokens", "places"]
    assert not notes and type(model.layers[0].places) is layers.Embedding  # as it was
    data = RNG.integers(0, 7, (5, 6))
    np.testing.assert_array_equal(unfolded(data), model(data))
