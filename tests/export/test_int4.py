"""int4 weights through ai-edge-quantizer."""

import sys

import keras
import numpy as np
import pytest
from keras import layers

from tfprune import benchmark, doctor, verify
from tfprune.errors import MissingExtra, PruneError
from tfprune.export import convert
from tfprune.tflite import read_tflite
from tfprune.verification.tolerance import precision_of

pytest.importorskip("ai_edge_quantizer")


def test_zeros_survive_and_are_counted_and_outputs_agree(pruned, images, converted):
    result = converted("int4")
    assert precision_of(read_tflite(result.path)) == "int4"
    found = verify(pruned, result.path, images)
    kernels = {kernel.kernel: kernel for kernel in found.kernels}
    assert all(kernel.lost == 0 for kernel in found.kernels)
    assert kernels["conv_pw_2/kernel"].zeros_before == 1638
    assert kernels["conv_pw_2/kernel"].zeros_after >= 1638


def test_a_wide_network_takes_half_of_int8(tmp_path):
    model = keras.Sequential([keras.Input((128,)), layers.Dense(256, "relu"), layers.Dense(64)])
    int8 = convert(model, tmp_path / "8.tflite", "dynamic")
    int4 = convert(model, tmp_path / "4.tflite", "int4")
    assert 0.5 < int4.bytes / int8.bytes < 0.6
    assert int4.notes == ()


def test_kernels_that_are_not_int4_are_notes_and_so_is_a_file_that_is_not_halved(converted):
    notes = {note.subject: note.reason for note in converted("int4").notes}
    assert notes["conv_dw_0/kernel"].startswith("int8, not int4")
    assert "int4 weights are" in notes["size of the file"]
    assert "conv_pw_0/kernel" not in notes


def test_the_doctor_and_the_notes_say_that_int4_convolutions_run_in_builtin_kernels(converted):
    """XNNPACK's profile shows `CONV_2D`, and `Fully Connected (NC, QDU8, F32, QC4W)`, or QD8."""
    result = converted("int4")
    kernels = {(op.op, op.kernels["x86"]) for op in doctor(result.path).ops}
    assert {("CONV_2D", "builtin"), ("FULLY_CONNECTED", "int8")} <= kernels
    profile = benchmark(result.path, runs=1, rounds=1, per_op=True).rows[0].per_op
    names = {op.name.replace("QDU8", "QD8") for op in profile}  # by what the CPU multiplies with
    assert {"CONV_2D", "Fully Connected (NC, QD8, F32, QC4W) GEMM"} <= names
    assert any("builtin kernel" in note.reason for note in result.notes)


def test_layers_are_kept_float_by_name_and_nothing_is_printed(pruned, tmp_path, capfd):
    result = convert(pruned, tmp_path / "m.tflite", "int4", keep_float=["head", "conv_pw_0"])
    kinds = {link.kernel: read_tflite(result.path).tensors[link.tensor_index].dtype
             for link in result.kernels}  # fmt: skip
    assert [kinds[f"{name}/kernel"] for name in ("head", "conv_pw_0", "conv_pw_1")] == [
        "float32",
        "float32",
        "int4",
    ]
    assert [n.subject for n in result.notes if "as asked" in n.reason] == ["conv_pw_0", "head"]
    assert capfd.readouterr().out == ""


def test_it_is_never_stored_sparse(pruned, converted, tmp_path):
    assert "are int4 and int8" in converted("int4").sparse_reason
    with pytest.raises(PruneError, match="are int4 and int8"):
        convert(pruned, tmp_path / "m.tflite", "int4", sparse=True)


def test_without_the_package_the_error_names_the_extra(pruned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)
    with pytest.raises(MissingExtra, match=r'pip install "tfprune\[int4\]"'):
        convert(pruned, tmp_path / "m.tflite", "int4")


def test_values_are_within_half_a_step(tmp_path):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, use_bias=False, name="a")])
    kernel = np.array([[7, -14], [-3.2, 1], [0, 0], [0.6, 2.9]], np.float32)
    model.layers[0].set_weights([kernel])
    result = convert(model, tmp_path / "m.tflite", "int4")
    (link,) = result.kernels
    stored = read_tflite(result.path).tensors[link.tensor_index]
    assert stored.values().T.tolist() == [[7, -7], [-3, 0], [0, 0], [1, 1]]
    np.testing.assert_allclose(stored.scales, [1, 2])
