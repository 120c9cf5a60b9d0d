from __future__ import annotations

import json

from proofs.doctor_files import make
from proofs.forge import Forge
from proofs.variants import VARIANTS
from tfprune.cli.verbs.doctor import TARGETS as WORDS
from tfprune.diagnosis import TARGETS


def test_doctor_prints_a_verdict_for_each_target(run):
    code, out, _ = run("doctor", "model.tflite")
    assert code == 0
    assert all(target in out for target in TARGETS)
    assert "dense" in out and "fix:" in out and "see: LiteRT" in out


def test_the_command_knows_every_target():
    assert tuple(TARGETS) == WORDS


def test_doctor_as_json(run_json):
    code, document, _ = run_json("doctor", "model.tflite", "--target", "x86")
    assert (code, document["verdict"], document["verdicts"][0]["rule"]) == (0, "dense", "x86")
    assert document["ops"][0]["kernels"] == {"x86": "fp32"}


def test_doctor_lists_the_kernel_of_every_op(run):
    code, out, _ = run("doctor", "model.tflite", "--ops")
    assert code == 0 and "FULLY_CONNECTED" in out


def test_doctor_judges_a_keras_file_as_it_would_be_converted(run_json):
    code, document, _ = run_json("doctor", "model.keras")
    assert (code, document["subject"], document["verdict"]) == (0, "model.keras", "dense")


def test_doctor_of_a_file_that_is_wrong_on_arm_fails(run, tmp_path):
    case = make(VARIANTS["inside: max pooling"], tmp_path)
    code, out, _ = run("doctor", case.path)
    assert code == 1 and "unsafe" in out and "rule 'inside'" in out


def test_an_op_that_no_litert_brings_fails_with_a_verdict_of_its_own(run, tmp_path):
    forge = Forge()
    x = forge.main.tensor((1, 4))
    content = forge.content([x], [forge.main.op("MyOp", [x], custom=b"?")])
    (tmp_path / "m.tflite").write_bytes(content)
    code, out, _ = run("doctor", tmp_path / "m.tflite")
    assert code == 1 and "unloadable" in out and "rule 'custom op'" in out
    code, _, err = run("benchmark", tmp_path / "m.tflite")
    assert code == 1 and "MyOp" in err and "convert the model again" not in err


def test_doctor_of_a_damaged_file_is_an_error_with_a_fix(run, tmp_path):
    (tmp_path / "m.tflite").write_bytes(b"\x1c\0\0\0TFL3")
    code, out, err = run("doctor", tmp_path / "m.tflite", "--json")
    assert code == 1 and "fix:" in err
    assert json.loads(out)["error"]["kind"] == "FileError"
