"""What our wrappers borrow from the layer inside, and that nobody guesses what a layer is for."""

import ast
import pathlib

import keras
import numpy as np
import pytest
from keras import layers

import tfprune
from tfprune.masks import PruneLowMagnitude
from tfprune.quantization.wrapper import Quantized
from tfprune.surgery.resized import Resized

HOUSE = pathlib.Path(tfprune.__file__).parent


@keras.saving.register_keras_serializable("test_wrapping")
class Masked(layers.Dense):
    """A layer of the user's own with attributes that our wrappers have, too."""

    masked, range_is_known, rules = True, False, None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.layer = self.norm = None


def test_nobody_asks_a_layer_what_attributes_it_has():
    calls = [
        (str(path.relative_to(HOUSE)), node.lineno)
        for path in HOUSE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "hasattr"
    ]
    assert not calls, "declare a role (tfprune.wrapping) or a runtime-checkable Protocol"


def test_a_layer_with_attributes_like_ours_is_nothing_special(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Masked(8, name="own"), layers.Dense(2)])
    pruned = tfprune.prune_low_magnitude(model)
    assert [type(layer) for layer in pruned.layers] == 2 * [PruneLowMagnitude]
    x = np.ones((1, 4), "float32")
    np.testing.assert_array_equal(tfprune.strip_pruning(pruned)(x), model(x))
    tfprune.quantize_model(pruned)
    tfprune.convert(model, tmp_path / "own.tflite")


@pytest.mark.parametrize("wrap", [PruneLowMagnitude, Quantized, lambda x: Resized(x, {})])
def test_a_wrapper_takes_name_signature_dtype_and_masking_of_its_layer(wrap):
    inner = layers.LSTM(3, name="lstm", dtype="mixed_float16")
    wrapper = wrap(inner)
    assert (wrapper.name, wrapper.dtype_policy.name) == ("lstm", "mixed_float16")
    assert wrapper.supports_masking == inner.supports_masking
    steps = keras.Input((5, 2))
    assert wrapper(layers.Masking()(steps), training=True).shape == (None, 3)
