"""What the doctor says of files and of Keras models."""

import dataclasses
import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import tfprune
from proofs import drawn_parts as parts
from proofs.forge import Forge
from tfprune.diagnosis import TARGETS, diagnose
from tfprune.errors import FileError, PruneError
from tfprune.runtimes import FP16_METADATA
from tfprune.tflite import Op, Subgraph, TFLiteModel, read_tflite
from tfprune.tflite.sparse_tensor import Level, SparseEncoding

from .graphs import Builder, network


def test_a_sparse_file_runs_sparse_where_there_is_no_avx(converted):
    found = tfprune.doctor(converted().path)
    said = {verdict.target: verdict.verdict for verdict in found.verdicts}
    assert said == {
        "android-arm64": "safe",
        "android-arm64-nodot": "safe",
        "x86": "dense",
        "x86-noavx": "safe",
    }


def test_every_op_has_a_kernel_on_every_target(converted):
    found = tfprune.doctor(converted().path)
    pointwise = [op for op in found.ops if "conv_pw" in op.name or "re_lu" in op.name]
    assert {op.kernels["android-arm64"] for op in found.ops} == {"sparse", "fp32", "at load"}
    assert {op.kernels["x86"] for op in pointwise} <= {"fp32", "at load"}
    assert all(set(op.kernels) == set(TARGETS) for op in found.ops)


def test_an_int8_file_runs_int8_but_for_what_has_no_such_kernel(converted):
    found = tfprune.doctor(converted("int8").path, "android-arm64")
    kernels = {op.op: op.kernels["android-arm64"] for op in found.ops}
    assert (kernels["CONV_2D"], kernels["SOFTMAX"]) == ("int8", "builtin")
    assert "XNNPACK has no SOFTMAX on int8" in [op.note for op in found.ops if op.note]


def test_zeros_in_dense_storage_do_nothing(converted):
    found = tfprune.doctor(converted(sparse=False).path)
    assert (found.verdict, found.verdicts[0].rule) == ("dense", "stored dense")


def test_one_target_on_request():
    [verdict] = diagnose(network(), "x86").verdicts
    assert (verdict.target, verdict.verdict, verdict.rule) == ("x86", "dense", "x86")


def test_an_unknown_target_is_refused():
    with pytest.raises(PruneError, match="use one of 'android-arm64'"):
        diagnose(network(), "ios")


def test_a_file_that_is_wrong_on_arm_is_said_to_be_so_on_x86_too():
    found = diagnose(network(lambda b, x: b.pool(x)), as_if_sparse=True)
    assert found.on("android-arm64").verdict == "unsafe"
    assert found.on("x86").reason.endswith("the same file is wrong on ARM64")


def test_a_keras_model_is_judged_as_convert_would_write_it(pruned, tmp_path):
    pruned.save(tmp_path / "m.keras")
    found = tfprune.doctor(tmp_path / "m.keras")
    assert (found.verdict, found.subject) == ("safe", str(tmp_path / "m.keras"))
    small = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert tfprune.doctor(small).verdict == "dense"


def test_a_diagnosis_is_ready_for_json(converted):
    found = json.loads(json.dumps(tfprune.doctor(converted().path).to_dict()))
    assert found["verdict"] == found["verdicts"][0]["verdict"] == "safe"
    assert found["ops"][0]["kernels"]["android-arm64"]


def test_a_file_is_judged_without_tensorflow(converted):
    code = (
        f"import sys, tfprune; tfprune.doctor({str(converted().path)!r})\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("content", [b"", b"not a model at all", b"\x1c\0\0\0TFL3" + b"\0" * 40])
def test_what_is_no_model_is_a_file_error(tmp_path, content):
    (tmp_path / "m.tflite").write_bytes(content)
    with pytest.raises(FileError):
        tfprune.doctor(tmp_path / "m.tflite")


def with_content(model, content=b"", **changes):
    op = Op(
        index=9,
        **{"name": "", "version": 1, "inputs": (0,), "outputs": (), "options": {}, **changes},
    )
    graph = model.subgraphs[0]
    ops = (*graph.ops, op) if changes else graph.ops
    graph = Subgraph(
        name="", tensors=graph.tensors, ops=ops, inputs=graph.inputs, outputs=graph.outputs
    )
    return TFLiteModel(None, content, (graph,))


def test_ops_of_tensorflow_do_not_load():
    model = with_content(network(), name="FlexErf", custom=True)
    found = diagnose(model)
    assert {verdict.verdict for verdict in found.verdicts} == {"unloadable"}
    assert found.verdicts[0].rule == "select ops"


def test_sparse_dense_weights_beside_a_dense_network_that_could_run_sparse():
    """The two lie in different parts, so that nothing tells XNNPACK to look for zeros."""
    forge = Forge()
    graph = forge.main
    image, row = graph.tensor((1, 32, 32, 3)), graph.tensor((1, 64))
    random = np.random.default_rng(0)
    x = parts.depthwise(graph, parts.stem(graph, image, random), random)
    x = graph.op("SIGN", [parts.mean(graph, parts.pointwise(graph, x, random, stored="dense"))])
    kernel = parts.weights(random, (8, 64), 0.9)
    dense = {"fusedActivationFunction": 0, "weightsFormat": 0}
    y = graph.op(
        "FULLY_CONNECTED", [graph.op("SIGN", [row]), graph.sparse(kernel)], (1, 8), **dense
    )
    found = diagnose(read_tflite(forge.content([image, row], [x, y])))
    assert (found.verdict, found.verdicts[0].rule) == ("dense", "stored dense")


def test_float16_arithmetic_and_sparse_weights_together_are_unknown():
    model = with_content(network(), FP16_METADATA)
    assert diagnose(model, as_if_sparse=True).verdict == "unknown"
    kernels = diagnose(model).ops[1].kernels
    assert (kernels["android-arm64"], kernels["android-arm64-nodot"]) == ("fp16", "fp32")


def test_a_runtime_that_knows_the_newest_op_is_asked_for():
    model = with_content(network(), name="FULLY_CONNECTED", version=12, outputs=(1,))
    assert diagnose(model).runtime == "2.17.0"


def test_sparse_weights_that_take_more_room_are_named():
    b = Builder()
    x = b.mean(b.conv(b.stem()))
    place = b.ops[-2].inputs[1]
    none = np.zeros(0, np.int64)
    rows = [Level(16, none, none), Level(1, none, none), Level(1, none, none)]
    every = Level(None, np.arange(0, 129, 8), np.tile(np.arange(8), 16))  # no value left out
    encoding = SparseEncoding((0, 1, 2, 3), (), (*rows, every))
    b.tensors[place] = dataclasses.replace(b.tensors[place], encoding=encoding)
    [found] = [f for f in diagnose(b.model(x)).findings if f.rule == "storage"]
    assert found.found.startswith("take 657 bytes") and found.found.endswith("dense 512 bytes")


def test_reading_the_bytes_of_a_file_is_enough(converted):
    content = read_tflite(converted().path).content
    assert tfprune.doctor(content).verdict == "safe"
