"""A mixed-precision model in float32 computes what it was trained to compute, or is refused."""

from __future__ import annotations

import keras
import pytest
from keras import layers

from tfprune.errors import PruneError
from tfprune.precision import in_float32


@keras.saving.register_keras_serializable("test")
class Forgets(layers.Layer):
    def __init__(self, gain=1.0, **kwargs):
        super().__init__(**kwargs)
        self.gain = gain

    def call(self, x):
        return x * self.gain

    def get_config(self):
        return layers.Layer.get_config(self)


@keras.saving.register_keras_serializable("test")
class Tells(Forgets):
    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


@keras.saving.register_keras_serializable("test")
class Stubborn(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "mixed_bfloat16"})

    def call(self, x):
        return x


def model_of(layer):
    inner = keras.Sequential([keras.Input((2,)), layer], name="inner")
    return keras.Sequential([keras.Input((2,)), inner])


def test_a_layer_that_forgets_a_setting_is_refused():
    with pytest.raises(PruneError, match=r"copy the layer 'inner/odd'[^$]*gain 1.0 instead of 3.0"):
        in_float32(model_of(Forgets(3.0, name="odd", dtype="mixed_bfloat16")))


def test_a_layer_that_chooses_its_policy_by_itself_is_refused():
    with pytest.raises(PruneError, match="a layer sets the policy mixed_bfloat16 by itself"):
        in_float32(model_of(Stubborn()))


@pytest.mark.parametrize("policy", ["mixed_float16", "float16", "mixed_bfloat16"])
def test_a_layer_that_tells_all_is_rebuilt(policy):
    rebuilt, notes = in_float32(model_of(Tells(3.0, dtype=policy)))
    assert rebuilt(keras.ops.array([[1.0, 2.001]])).numpy().tolist()[0][0] == 3.0
    assert {layer.dtype_policy.name for layer in rebuilt.layers[0].layers} == {"float32"}
    assert len(notes) == 1
