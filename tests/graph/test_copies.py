"""A copy that would not be the layer is refused by its name, in every verb that copies."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfprune
from tfprune.errors import PruneError
from tfprune.graph import Clones, replay
from tfprune.masks import PruneLowMagnitude


@keras.saving.register_keras_serializable("test_copies")
class Scaled(layers.Layer):
    """Multiplies by a setting that its config forgets."""

    def __init__(self, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain

    def call(self, x):
        return x * self.gain

    def compute_output_shape(self, shape):
        return shape

    def get_config(self):
        return {"name": self.name}


class Clipped(layers.Dense):
    """A Dense layer with a setting, an array, of its own that its config forgets."""

    def __init__(self, units, ceiling=9.0, **kwargs):
        super().__init__(units, **kwargs)
        self._ceiling = np.float32(ceiling)

    def call(self, x):
        return keras.ops.minimum(super().call(x), self._ceiling)

    def channel_flow(self, call):
        units = call.new(self.units)
        call.reads(self.kernel, 0, call.input[-1])
        call.writes(self.kernel, 1, units)
        call.writes(self.bias, 0, units)
        call.setting("units", units=units)
        return call.flow({-1: units})


class Within(layers.Layer):
    """A forgetful layer inside another that forgets nothing itself."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Scaled()

    def build(self, shape):
        self.dense = layers.Dense(4)
        self.dense.build(shape)

    def call(self, x):
        return self.inner(self.dense(x))


class Act:
    def __init__(self, slope=0.5):
        self.slope = slope

    def __call__(self, x):
        return x * self.slope

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def around(*middle):
    return keras.Sequential([keras.Input((4,)), *middle, layers.Dense(2, name="head")])


def scaled():
    return around(Scaled(3.0, name="odd"))


def clipped():
    return around(Clipped(3, 0.01, name="odd"))


def within():
    odd = Within(name="odd")
    odd.inner.gain = 3.0
    return around(odd)


def every_step():
    steps = keras.Input((5, 4))
    return keras.Model(steps, layers.TimeDistributed(Scaled(3.0), name="odd")(steps))


def activated():
    keras.saving.register_keras_serializable("test")(Act)
    return around(layers.Dense(3, activation=Act(3.0), name="odd"))


def patched():
    odd = layers.Dense(3, name="odd")
    plain = odd.call
    odd.call = lambda x: plain(x) * 2.0
    return around(odd)


FORGETFUL = [scaled, clipped, within, every_step, activated, patched]


def copied(model):
    clones = Clones(model)
    copy = replay(model, clones.of)
    clones.copy_weights()
    return copy, clones.notes


@pytest.mark.parametrize("make", FORGETFUL)
def test_a_copy_that_computes_something_else_names_its_layer(make):
    with pytest.raises(PruneError, match=r"copy the layer 'odd'\nfound: rebuilt from its config"):
        copied(make())


def test_the_setting_that_was_forgotten_is_named():
    with pytest.raises(PruneError) as error:
        copied(scaled())
    assert str(error.value) == (
        "asked: copy the layer 'odd'\n"
        "found: rebuilt from its config it computes something else: gain 1.0 instead of 3.0\n"
        "fix: return every argument of Scaled.__init__ from its get_config()"
    )
    with pytest.raises(PruneError, match=r"scaled\w*\.gain 1\.0 instead of 3\.0"):
        copied(within())


def strip(model):
    odd = PruneLowMagnitude(model.get_layer("odd"))
    return tfprune.strip_pruning(keras.Sequential([keras.Input((4,)), odd]))


@pytest.mark.parametrize(
    "verb",
    [
        tfprune.prune_low_magnitude,
        strip,
        tfprune.quantize_model,
        lambda model: tfprune.prune_structured(model, ratio=0.5),
        tfprune.recalibrate,
    ],
    ids=["wrap", "strip", "quantize", "shrink", "recalibrate"],
)
def test_every_verb_that_copies_refuses_it(verb):
    arguments = [np.ones((4, 4), "float32")] if verb is tfprune.recalibrate else []
    with pytest.raises(PruneError, match=r"'odd'.*\n.*computes something else"):
        verb(clipped(), *arguments)


def test_a_layer_that_tells_all_is_copied_without_a_word():
    class Told(Scaled):
        def get_config(self):
            return {"name": self.name, "gain": self.gain}

    copy, notes = copied(around(Told(3.0)))
    assert copy.layers[0].gain == 3.0 and not notes


def test_a_setting_that_matters_only_in_training_is_noted():
    class Noisy(layers.Layer):
        def __init__(self, rate=0.5, **kwargs):
            super().__init__(**kwargs)
            self.rate = rate

        def get_config(self):
            return {"name": self.name}

        def call(self, x, training=False):
            return keras.ops.where(keras.random.uniform((4,)) < self.rate, 0, x) if training else x

    _, [note] = copied(around(Noisy(0.1, name="odd")))
    assert note.subject == "odd"
    assert note.reason == "its copy has rate 0.5 instead of 0.1: get_config() does not tell it"


class Counter(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")

    def call(self, x):
        self.calls.assign_add(1.0)
        self.add_loss(keras.ops.mean(x))
        return x + self.calls


def test_trying_a_layer_leaves_its_states_and_losses_alone():
    model = around(Counter(name="odd"))
    before = [float(model.layers[0].calls), len(model.losses)]
    copied(model)
    assert [float(model.layers[0].calls), len(model.losses)] == before


class Dice(layers.Layer):
    def call(self, x):
        return x + tf.random.normal((4,))


class Texts(layers.Layer):
    def call(self, texts):
        return keras.ops.cast(texts == "a", "float32")


def test_what_cannot_be_compared_is_noted_with_the_reason():
    _, [note] = copied(around(Dice(name="odd")))
    assert note.reason == "not compared with its copy: it draws random numbers in inference"
    texts = keras.Input((1,), dtype="string")
    _, [note] = copied(keras.Model(texts, Texts(name="odd")(texts)))
    assert note.reason == (
        "not compared with its copy: it cannot be tried on drawn numbers "
        "(no numbers can be drawn for string data)"
    )


def test_notes_and_errors_call_a_layer_by_its_path():
    def nested(layer):
        backbone = keras.Sequential([keras.Input((4,)), layer], name="backbone")
        return keras.Sequential([keras.Input((4,)), backbone])

    _, [note] = copied(nested(Dice(name="odd")))
    assert note.subject == "backbone/odd"
    with pytest.raises(PruneError, match="copy the layer 'backbone/odd'"):
        copied(nested(Scaled(3.0, name="odd")))


class Sized(layers.Dense):
    """Its config forgets how many units it has been given since."""

    def __init__(self, units=3, **kwargs):
        super().__init__(units, **kwargs)

    def get_config(self):
        return {"name": self.name}


def in_a_graph(*middle):
    inputs = x = keras.Input((4,))
    for layer in (*middle, layers.Dense(2, name="head")):
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("build", [around, in_a_graph])
@pytest.mark.parametrize("behind", [layers.Reshape((5, 1)), layers.Dense(3)])
def test_where_a_size_is_forgotten_the_layer_to_blame_is_named(build, behind):
    model = build(Sized(5, name="odd"), type(behind).from_config(behind.get_config()))
    with pytest.raises(PruneError) as error:
        tfprune.prune_low_magnitude(model)
    assert str(error.value).startswith(
        "asked: copy the layer 'odd'\n"
        "found: rebuilt from its config it puts out the shape (None, 3), not (None, 5)\n"
    )
