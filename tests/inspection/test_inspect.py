from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from tfprune import PolynomialDecay, convert, inspect, prune_low_magnitude
from tfprune.counts import LayerCount
from tfprune.errors import FileError, PruneError
from tfprune.inspection import KernelRow


@pytest.fixture(scope="module")
def model():
    """A head of 4x2 weights, 6 of them zero, behind a depthwise convolution without zeros."""
    image = keras.Input((8, 8, 4))
    x = keras.layers.DepthwiseConv2D(3, name="depthwise")(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(2, name="head")(x), name="tiny")
    kernel = np.array([[0, 0], [0, 0], [0, 0], [1.5, -2]], "float32")
    model.get_layer("head").kernel.assign(kernel)
    return model


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspected")
    model.save(folder / "tiny.keras")
    convert(model, folder / "tiny.tflite")
    return folder


def test_a_keras_kernel_has_a_row_with_its_zeros(model):
    _, head = inspect(model).rows
    assert head == KernelRow(
        name="head/kernel", shape=(4, 2), dtype="float32", zeros=6, bytes=32, op="Dense"
    )
    assert (head.params, head.sparsity) == (8, 0.75)


def test_totals_count_biases_but_only_kernels_have_zeros(model):
    totals = inspect(model).totals
    assert (totals.params, totals.kernel_params, totals.zeros) == (36 + 4 + 8 + 2, 44, 6)
    assert totals.file_bytes is None


def test_a_keras_file_tells_the_same_and_its_size(model, folder):
    path = folder / "tiny.keras"
    found = inspect(path)
    assert found.rows == inspect(model).rows
    assert found.totals.file_bytes == path.stat().st_size


def test_a_tflite_file_tells_the_same_zeros(folder):
    found = inspect(folder / "tiny.tflite")
    by_op = {row.op: row for row in found.rows}
    assert by_op["FULLY_CONNECTED"].zeros == 6
    assert by_op["FULLY_CONNECTED"].shape == (2, 4)
    assert (found.totals.kernel_params, found.totals.zeros) == (44, 6)
    assert found.totals.file_bytes == (folder / "tiny.tflite").stat().st_size


def test_a_keras_layer_has_a_row_with_its_cost(model):
    depthwise, pooling, head = inspect(model).layers
    assert depthwise == LayerCount(
        name="depthwise",
        op="DepthwiseConv2D",
        output_shape=(6, 6, 4),
        params=40,
        bytes=160,
        macs=36 * 9 * 4,
        activations=144,
        activation_bytes=576,
    )
    assert (pooling.params, pooling.macs, pooling.activations) == (0, 0, 4)
    assert (head.params, head.macs, head.activations) == (10, 8, 2)


def test_totals_count_macs_and_activations(model, folder):
    totals = inspect(model).totals
    assert (totals.macs, totals.activations) == (1296 + 8, 144 + 4 + 2)
    assert inspect(folder / "tiny.keras").totals.macs == totals.macs


def test_input_shape_fills_open_sizes(tmp_path):
    image = keras.Input((None, None, 1))
    keras.Model(image, keras.layers.Conv2D(2, 3)(image)).save(tmp_path / "open.keras")
    path = tmp_path / "open.keras"
    assert inspect(path).totals.macs is None
    assert inspect(path, (4, 4, 1)).totals.macs == 4 * 9 * 2
    assert inspect(keras.saving.load_model(path), (4, 4, 1)).totals.macs == 4 * 9 * 2


def test_a_model_wrapped_for_pruning_keeps_the_names(model):
    schedule = PolynomialDecay(0.0, 0.5, begin_step=0, end_step=10)
    wrapped = prune_low_magnitude(model, schedule)
    assert [r.name for r in inspect(wrapped).rows] == [r.name for r in inspect(model).rows]


def test_a_weight_that_no_layer_declares_is_noted():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.matrix = self.add_weight(shape=(2, 2), name="matrix")

        def call(self, x):
            return x @ self.matrix

    [note] = inspect(keras.Sequential([keras.Input((2,)), Scale(name="scale")])).notes
    assert "scale/matrix: zeros not counted" in str(note)


def test_reading_a_tflite_file_imports_no_tensorflow(folder):
    code = (
        "import sys, tfprune; tfprune.inspect(sys.argv[1]); "
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, folder / "tiny.tflite"], check=True)


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("cut.tflite", b"\x1c\0\0\0TFL3\0\0", "truncated or corrupted"),
        ("empty.tflite", b"", "too short"),
        ("cut.keras", b"PK\x03\x04", "the file is cut off"),
        ("notes.txt", b"hello", "neither a Keras model nor a .tflite file"),
    ],
)
def test_a_foreign_or_cut_file_is_a_file_error(tmp_path, name, content, found):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=found):
        inspect(tmp_path / name)


def test_a_missing_file_is_a_file_error(tmp_path):
    with pytest.raises(FileError, match="No such file"):
        inspect(tmp_path / "nothing.tflite")


def test_an_unbuilt_model_is_an_error_with_a_fix():
    with pytest.raises(PruneError, match=r"fix: build it first: model\.build"):
        inspect(keras.Sequential([keras.layers.Dense(2)]))


def test_something_else_is_an_error():
    with pytest.raises(PruneError, match="neither a Keras model nor a path"):
        inspect(42)


def test_an_inspection_is_json_ready(model):
    document = inspect(model).to_dict()
    assert document["kernels"][1]["sparsity"] == 0.75
    assert document["totals"]["zeros"] == 6
