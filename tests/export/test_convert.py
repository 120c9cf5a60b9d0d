"""Converting: every mode, every kind of model, and everything that is refused."""

import json
import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfprune.errors import PruneError
from tfprune.export import convert, converter
from tfprune.export.quiet import quiet
from tfprune.export.saved_model import export
from tfprune.keras_facts import kernels_of
from tfprune.tflite import read_tflite

from .models import run, small_dense

X = np.random.default_rng(1).normal(size=(16, 4)).astype("float32")


@pytest.mark.parametrize(
    ("quantize", "tolerance"),
    [(None, 1e-5), ("float16", 1e-3), ("dynamic", 0.01), ("int8", 0.05), ("int16x8", 0.02)],
)
def test_outputs_agree_with_keras(converted, pruned, images, quantize, tolerance):
    expected = pruned(images[:1]).numpy()
    found = run(converted(quantize).path, images[:1])
    np.testing.assert_allclose(found, expected, atol=tolerance)


@pytest.mark.parametrize("quantize", [None, "float16", "dynamic", "int8", "int16x8"])
def test_zeros_survive_batchnorm_folding_and_quantization(converted, pruned, quantize):
    links = {link.kernel: link for link in converted(quantize).kernels}
    assert list(links) == [kernel.name for kernel in kernels_of(pruned)]
    for kernel in kernels_of(pruned):
        before = int((np.array(kernel.variable) == 0).sum())
        assert links[kernel.name].zeros >= before
        if kernel.name.startswith("conv_pw"):
            assert links[kernel.name].zeros == before == round(0.8 * np.prod(kernel.shape))


def test_each_quantization_makes_the_file_smaller(converted):
    sizes = [converted(q, sparse=False).bytes for q in (None, "float16", "int8")]
    assert sizes == sorted(sizes, reverse=True) and sizes[2] < sizes[0] * 0.8


def test_a_result_is_ready_for_json(converted):
    result = converted("int8")
    found = json.loads(json.dumps(result.to_dict()))
    assert found["quantize"] == "int8"
    assert found["kernels"][0]["kernel"] == "stem/kernel"


@pytest.mark.parametrize(("zeros", "encoded"), [(0.29, False), (0.31, True)])
def test_the_converter_encodes_from_30_percent_zeros_and_is_not_asked_below(
    tmp_path, zeros, encoded
):
    model = keras.Sequential([keras.Input((100,)), keras.layers.Dense(100)])
    kernel = np.ones(10_000, "float32")
    kernel[: int(zeros * 10_000)] = 0
    model.layers[0].set_weights([kernel.reshape(100, 100), np.zeros(100)])
    result = convert(model, tmp_path / "m.tflite")
    assert ("no weight has 30 % zeros" in result.sparse_reason) is not encoded
    export(model, str(tmp_path / "saved"), 1, None)
    content = converter.run(str(tmp_path / "saved"), converter.Settings(None, "float32", ()), True)
    assert any(tensor.sparse for tensor in read_tflite(content).tensors) is encoded


def test_int8_inputs_and_outputs_on_request(tmp_path):
    path = tmp_path / "m.tflite"
    convert(small_dense(), path, "int8", X, io_dtype="int8")
    model = read_tflite(path)
    assert [model.tensors[i].dtype for i in (*model.inputs, *model.outputs)] == ["int8", "int8"]


def test_the_model_is_not_changed(pruned, converted):
    before = [np.array(w) for w in pruned.weights]
    converted("float16")
    assert all(np.array_equal(a, b) for a, b in zip(before, pruned.weights, strict=True))


@pytest.mark.parametrize("kind", ["model", ".keras", "SavedModel"])
def test_models_from_memory_and_disk_give_the_same_outputs(tmp_path, kind):
    model = small_dense()
    source = {"model": model, ".keras": tmp_path / "m.keras", "SavedModel": tmp_path / "saved"}[
        kind
    ]
    if kind == ".keras":
        model.save(source)
    if kind == "SavedModel":
        model.export(source, verbose=False)
    convert(source, tmp_path / "m.tflite")
    np.testing.assert_allclose(run(tmp_path / "m.tflite", X[:1]), model(X[:1]), atol=1e-6)


def test_a_look_up_table_comes_along_with_its_words(tmp_path):
    words = layers.IntegerLookup(vocabulary=[5, 7, 9])
    model = keras.Sequential([keras.Input((2,), dtype="int64"), words, layers.Embedding(5, 3)])
    file = read_tflite(convert(model, tmp_path / "m.tflite").path)
    assert {"FlexLookupTableImportV2", "GATHER"} <= {op.name for op in file.all_ops}


def test_a_saved_model_with_pruning_wrappers_loads_in_a_fresh_process(tmp_path):
    import tfprune

    schedule = tfprune.ConstantSparsity(0.5, 0)
    tfprune.prune_low_magnitude(small_dense(), schedule).save(tmp_path / "m.keras")
    code = "from tfprune.export import convert; convert('m.keras', 'm.tflite')"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "m.tflite").is_file()


def test_a_mixed_precision_model_is_rebuilt_in_float32(tmp_path):
    keras.config.set_dtype_policy("mixed_float16")
    model = small_dense()
    keras.config.set_dtype_policy("float32")
    result = convert(model, tmp_path / "m.tflite")
    assert "computed in mixed_float16" in result.notes[0].reason
    assert {t.dtype for t in read_tflite(result.path).tensors} == {"float32"}
    np.testing.assert_allclose(run(result.path, X[:1]), model(X[:1]), atol=1e-2)
    assert model.layers[0].dtype_policy.name == "mixed_float16"


def test_a_subclassed_model_with_a_signature(tmp_path):
    class Sum(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(3)

        def call(self, inputs):
            return self.head(inputs["a"]) + self.head(inputs["b"])

    model = Sum()
    model({"a": X, "b": X})
    with pytest.raises(PruneError, match="does not know its inputs"):
        convert(model, tmp_path / "m.tflite")
    spec = keras.InputSpec(shape=(1, 4), dtype="float32")
    convert(model, tmp_path / "m.tflite", input_signature={"a": spec, "b": spec})
    assert len(read_tflite(tmp_path / "m.tflite").inputs) == 2


def test_an_open_batch_on_request(tmp_path):
    result = convert(small_dense(), tmp_path / "m.tflite", batch_size=None)
    model = read_tflite(result.path)
    assert model.tensors[model.inputs[0]].dynamic


def test_ops_that_need_tensorflow_are_named_in_a_note(tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(keras.ops.erf(x)))
    result = convert(model, tmp_path / "m.tflite")
    assert [str(n) for n in result.notes] == [
        "FlexErf: runs only where the app links the Select TF ops library"
    ]


def test_small_kernels_that_stay_float_are_notes(converted):
    result = converted("dynamic")
    notes = {note.subject: note.reason for note in result.notes}
    assert notes["conv_pw_0/kernel"].startswith("stayed float: 128 weights")
    assert "conv_pw_2/kernel" not in notes


def test_an_op_that_stays_float_in_an_int8_file_is_a_note(tmp_path):
    x = keras.Input((4, 4, 2))
    y = layers.Dense(3)(layers.Flatten()(keras.ops.sin(layers.Conv2D(3, 2, name="c")(x))))
    data = np.random.default_rng(0).normal(size=(8, 4, 4, 2))
    result = convert(keras.Model(x, y), tmp_path / "m.tflite", "int8", data)
    assert any("SIN computes in float" in note.reason for note in result.notes)


DATA = {
    "an array": lambda: X,
    "a list of samples": lambda: list(X),
    "a list of batches": lambda: [x[None] for x in X],
    "a dict": lambda: {"x": X},
    "a dataset of samples": lambda: tf.data.Dataset.from_tensor_slices(X),
    "a dataset of batches and targets": lambda: tf.data.Dataset.from_tensor_slices(
        (X, np.zeros(16))
    ).batch(5),
    "a generator function": lambda: lambda: ([x[None]] for x in X),
}


@pytest.mark.parametrize("form", DATA)
def test_representative_data_in_every_form_gives_the_same_samples(form):
    from types import SimpleNamespace

    from tfprune.export.calibration import samples

    found, _ = samples(DATA[form](), (SimpleNamespace(name="x", shape=(1, 4), dtype="float32"),))
    assert [s["x"].shape for s in found] == [(1, 4)] * 16
    assert np.array_equal(np.concatenate([s["x"] for s in found]), X)


def test_calibration_data_that_is_not_needed_is_a_note(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    result = convert(model, tmp_path / "m.tflite", representative_dataset=np.ones((8, 4)))
    assert "not used: quantize=None needs no calibration" in str(result.notes[0])


def test_several_inputs_are_calibrated_by_name_or_order(tmp_path):
    a, b = keras.Input((4,), name="z"), keras.Input((3,), name="y")
    model = keras.Model([a, b], layers.Dense(2)(layers.Concatenate()([a, b])))
    for data in ([X, X[:, :3]], {"y": X[:, :3], "z": X}):
        convert(model, tmp_path / "m.tflite", "int8", data)
    with pytest.raises(PruneError, match=r"the model has 2 inputs: \['z', 'y'\]"):
        convert(model, tmp_path / "m.tflite", "int8", X)


def test_the_noise_of_native_code_is_dropped_but_our_own_words_are_not(capfd):
    with quiet():
        os.write(2, b"I0000 a log line of the converter")
        warnings.warn("a warning of the converter", stacklevel=1)
        print("a progress bar", file=sys.stderr)
    os.write(2, b" and after")
    assert capfd.readouterr().err == "a progress bar\n and after"


def test_a_log_line_inside_leaves_no_handler_behind_that_writes_to_a_closed_stream():
    code = (
        "import logging\n"
        "from tfprune.export.quiet import quiet\n"
        "with quiet():\n    logging.warning('inside')\n"
        "logging.warning('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].endswith("after") and "closed file" not in done.stderr
