"""Layers that stay float in an int8 file, by name: found, left float, and seen so in the file."""

import keras
import numpy as np
import pytest
from keras import layers

from tfprune import quantize_model, verify
from tfprune.errors import PruneError
from tfprune.export import convert
from tfprune.export.calibrated import calibrate
from tfprune.export.calibration import samples
from tfprune.export.converter import Settings
from tfprune.export.kept_float import find_layers, notes_on
from tfprune.export.saved_model import export
from tfprune.tflite import read_tflite

X = np.random.default_rng(0).normal(size=(8, 8, 8, 3)).astype("float32")


@pytest.fixture(scope="module")
def model():
    """A stem with BatchNorm and relu, an attention over its pixels, a nested block, a head."""
    keras.utils.set_random_seed(0)
    inner = keras.Input((64, 8))
    block = keras.Model(inner, layers.Dense(8, "relu", name="mix")(inner), name="block")
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(image)
    x = layers.BatchNormalization(name="stem_norm")(x)
    x = layers.ReLU(name="stem_relu")(x)
    x = layers.Reshape((64, 8), name="pixels")(x)
    x = layers.Add(name="plus")([x, layers.MultiHeadAttention(2, 4, name="attention")(x, x)])
    x = layers.GlobalAveragePooling1D(name="pool")(block(x))
    return keras.Model(image, layers.Dense(3, "softmax", name="head")(x))


@pytest.fixture(scope="module")
def calibrated(model, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("saved"))
    exported = export(model, folder, 1, None)
    settings = Settings("int8", "float32", tuple(samples(X, exported.inputs)[0]))
    return calibrate(folder, exported.model, settings)


def float_ops(file):
    """Kinds of the ops that compute in float."""
    return [
        op.name
        for op in file.ops
        if op.name not in ("QUANTIZE", "DEQUANTIZE")
        and any(file.tensors[i].dtype == "float32" for i in op.outputs)
    ]


@pytest.mark.parametrize(
    ("names", "ops"),
    [
        ([], []),
        (["stem"], ["CONV_2D"]),
        (["stem_relu"], ["CONV_2D"]),  # part of the same op
        (["head"], ["FULLY_CONNECTED", "SOFTMAX"]),
        (["attention/query", "pl*"], ["FULLY_CONNECTED", "RESHAPE", "ADD"]),
        (["block"], ["FULLY_CONNECTED"]),  # a nested model with all that is in it
    ],
)
def test_only_what_is_named_computes_in_float(model, calibrated, names, ops):
    kept = find_layers(names, model, calibrated.layers)
    file = read_tflite(calibrated.quantized(kept))
    assert float_ops(file) == ops
    assert len(notes_on(kept, file)) == len(kept) == len(names)


def test_the_note_names_what_is_fused_with_a_layer(model, calibrated):
    kept = find_layers(["stem"], model, calibrated.layers)
    (note,) = notes_on(kept, read_tflite(calibrated.quantized(kept)))
    assert str(note) == "stem: float as asked (keep_float): CONV_2D; one op with stem_relu"


def test_a_layer_that_is_integer_all_the_same_is_an_error(model, calibrated):
    kept = find_layers(["stem"], model, calibrated.layers)
    with pytest.raises(PruneError, match="CONV_2D computes with integers all the same"):
        notes_on(kept, read_tflite(calibrated.quantized()))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["steem"], "the model has stem"),
        (["stem_norm"], "no op of its own in the file"),
    ],
)
def test_names_that_mean_nothing_are_errors(model, calibrated, names, found):
    with pytest.raises(PruneError, match=found):
        find_layers(names, model, calibrated.layers)


@pytest.mark.parametrize("quantize", [None, "float16", "dynamic", "int16x8"])
def test_nothing_is_kept_float_in_other_formats(model, tmp_path, quantize):
    with pytest.raises(PruneError, match="only among int8 or int4"):
        convert(model, tmp_path / "m.tflite", quantize, X, keep_float=["stem"])


def test_a_float_layer_at_the_end_of_a_file_with_int8_outputs(model, tmp_path):
    path = tmp_path / "m.tflite"
    convert(model, path, "int8", X, io_dtype="int8", keep_float=["head"])
    file = read_tflite(path)
    assert [file.tensors[i].dtype for i in file.outputs] == ["int8"]
    assert float_ops(file) == ["FULLY_CONNECTED", "SOFTMAX"]
    verify(model, path, X)


def test_ops_with_several_outputs_stay_float_too(tmp_path):
    x = np.ones((4, 3, 4), "float32")
    model = keras.Sequential([keras.Input((3, 4)), layers.LSTM(2, unroll=True, name="lstm")])
    result = convert(model, tmp_path / "m.tflite", "int8", x, keep_float=["lstm"])
    assert {"SPLIT", "UNPACK", "TANH"} <= set(float_ops(read_tflite(result.path)))
    assert {note.subject for note in result.notes} >= {"lstm", "lstm/lstm_cell"}


def test_a_model_from_quantize_model_has_its_own_list(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="head")])
    with pytest.raises(PruneError, match=r"quantize_model\(model, keep_float="):
        convert(quantize_model(model), tmp_path / "m.tflite", "int8", keep_float=["head"])
