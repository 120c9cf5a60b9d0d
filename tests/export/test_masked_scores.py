"""A mask's fill takes no steps from the scores of attention, however the mask was written."""

import tempfile
from pathlib import Path

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers, ops

import tfprune
from tfprune.errors import PruneError
from tfprune.tflite.reading import read_tflite

LENGTHS = np.random.default_rng(1).integers(3, 12, (48, 1))
IDS = np.random.default_rng(0).integers(1, 100, (48, 12)) * (np.arange(12) < LENGTHS)


def scores_of(x):
    return ops.matmul(layers.Dense(8)(x), ops.transpose(layers.Dense(8)(x), (0, 2, 1)))


def far(known):
    return 1.0 - ops.cast(known, "float32")


# Each is attention over x, (batch, 12, 8), where known, (batch, 1, 12), is true.
ATTENTION = {
    "multi_head": lambda x, known: layers.MultiHeadAttention(2, 4)(x, x, attention_mask=known),
    "causal": lambda x, known: layers.MultiHeadAttention(2, 4)(
        x, x, attention_mask=known, use_causal_mask=True
    ),
    "grouped": lambda x, known: layers.GroupQueryAttention(4, 4, 2)(x, x, attention_mask=known),
    "softmax_layer": lambda x, known: layers.Softmax()(scores_of(x), mask=known) @ x,
    "where": lambda x, known: ops.softmax(ops.where(known, scores_of(x), -1e9)) @ x,
    "sum": lambda x, known: ops.softmax(scores_of(x) + far(known) * -1e9) @ x,
    "bert": lambda x, known: ops.softmax(scores_of(x) + (far(known) * -10000.0)) @ x,
    "difference": lambda x, known: ops.softmax((far(known) * -1e9 + scores_of(x)) * 0.5) @ x,
    "two_masks": lambda x, known: (
        ops.softmax(
            ops.where(known, scores_of(x), -3e4) + np.triu(np.full((12, 12), -1e9, "float32"), 1)
        )
        @ x
    ),
}


@pytest.fixture(scope="module")
def outputs():
    """What Keras and one int8 file of all kinds of attention compute, and the file."""
    keras.utils.set_random_seed(0)
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = layers.Embedding(100, 8, embeddings_initializer="normal")(ids) * 20.0
    known = ops.expand_dims(ops.not_equal(ids, 0), 1)
    model = keras.Model(ids, {name: attend(x, known) for name, attend in ATTENTION.items()})
    return model, *files_outputs(model)


def files_outputs(model, data=None):
    """What the int8 file of a model computes, what convert said of it, and the file."""
    data = IDS.astype("int32") if data is None else data
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "model.tflite"))
        result = tfprune.convert(model, path, quantize="int8", representative_dataset=data)
        run = Interpreter(path, num_threads=1).get_signature_runner()
        [name] = run.get_input_details()
        rows = [run(**{name: row[None]}) for row in data]
        found = {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}
        return found, result, read_tflite(path)


@pytest.mark.parametrize("name", ATTENTION)
def test_padding_takes_no_steps_from_the_scores(outputs, name):
    model, found, _, _ = outputs
    wanted = np.asarray(model(IDS.astype("int32"))[name])
    error = found[name] - wanted
    assert np.sqrt(np.mean(error**2)) < 0.08 * wanted.std()


def test_no_softmax_is_left_with_a_fill(outputs):
    _, _, result, tflite = outputs
    softmaxes = [op for op in tflite.ops if op.name == "SOFTMAX"]
    assert len(softmaxes) >= len(ATTENTION)
    assert all(tflite.read_by(op)[0].scales[0] < 1 for op in softmaxes)
    assert not any("a mask's fill makes their range" in note.reason for note in result.notes)


def test_a_fill_that_something_else_reads_is_left_and_told():
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = layers.Embedding(100, 8)(ids)
    fill = far(ops.expand_dims(ops.not_equal(ids, 0), 1)) * -1e9
    attended = ops.softmax(scores_of(x) + fill) @ x
    _, result, _ = files_outputs(keras.Model(ids, {"attended": attended, "fill": fill}))
    assert any("a mask's fill makes their range" in note.reason for note in result.notes)


def test_int16_tells_of_a_fill_and_refuses_what_no_interpreter_runs(tmp_path):
    x = keras.Input((6, 8), name="x")
    fill = np.triu(np.full((6, 6), -1e9, "float32"), 1)
    masked = keras.Model(x, ops.softmax(ops.matmul(x, ops.transpose(x, (0, 2, 1))) + fill))
    data = np.random.default_rng(0).normal(size=(8, 6, 8)).astype("float32")
    result = tfprune.convert(masked, tmp_path / "m.tflite", "int16x8", data)
    assert any("its scores are int16 in steps of 3" in note.reason for note in result.notes)
    normed = keras.Model(x, layers.LayerNormalization()(layers.Dense(8)(x)))
    with pytest.raises(PruneError, match="no interpreter runs it in int16"):
        tfprune.convert(normed, tmp_path / "n.tflite", "int16x8", data)
    assert not (tmp_path / "n.tflite").exists()


def test_a_layer_normalization_is_float_with_one_note():
    inputs = keras.Input((6, 8), name="x")
    x = layers.LayerNormalization(name="norm")(layers.Dense(8, name="first")(inputs))
    data = np.random.default_rng(0).normal(size=(16, 6, 8)).astype("float32")
    _, result, tflite = files_outputs(keras.Model(inputs, layers.Dense(3, name="last")(x)), data)
    assert [note.subject for note in result.notes if "variance" in note.reason] == ["norm"]
    assert not any("computes in float" in note.reason for note in result.notes)
    [root] = [op for op in tflite.ops if op.name == "RSQRT"]
    assert tflite.written_by(root)[0].dtype == "float32"
    assert sum(op.name == "FULLY_CONNECTED" for op in tflite.ops) == 2


def test_ranges_are_those_of_the_tensors_themselves():
    """TensorFlow's calibrator lets a sum written over its first input count as that input."""
    inputs = keras.Input((4,), name="x")
    small = layers.Dense(4, name="small", kernel_initializer="identity")(inputs)
    model = keras.Model(inputs, small + 100.0 * ops.square(inputs))
    data = np.linspace(-1, 1, 64, dtype="float32").reshape(16, 4)
    _, _, tflite = files_outputs(model, data)
    [dense] = [op for op in tflite.ops if op.name == "FULLY_CONNECTED"]
    assert tflite.written_by(dense)[0].scales[0] < 2.1 / 255


def test_a_layer_with_outliers_before_a_normalization_is_float_and_named():
    inputs = keras.Input((6, 8), name="x")
    doubled = layers.Dense(8, name="outlier")(inputs) + inputs
    x = layers.LayerNormalization(name="norm")(doubled)
    data = np.random.default_rng(0).normal(size=(16, 6, 8)).astype("float32")
    data[:, 0, 0] = 1000.0  # in one of six rows, so that the others are a hundredth of a step wide
    _, result, _ = files_outputs(keras.Model(inputs, layers.Dense(3, name="last")(x)), data)
    coarse = [note.subject for note in result.notes if "spread of the others" in note.reason]
    assert "outlier" in coarse
    assert "last" not in coarse
