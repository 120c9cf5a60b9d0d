"""A golden sample: what a file must give for a handful of inputs, here and on a device."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest

import tfprune
from tfprune import PruneError, VerificationError
from tfprune.cli import main
from tfprune.errors import FileError
from tfprune.runners import Runner
from tfprune.verification import check_golden, golden_sample
from tfprune.verification.golden import read_golden

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """float.tflite, int8.tflite with int8 inputs and outputs, other.tflite with other weights."""
    keras.utils.set_random_seed(0)
    place = tmp_path_factory.mktemp("golden")
    model = keras.Sequential([keras.Input((4,), name="x"), keras.layers.Dense(3, name="y")])
    tfprune.convert(model, place / "float.tflite")
    tfprune.convert(model, place / "int8.tflite", "int8", X, io_dtype="int8")
    model.layers[0].kernel.assign(-model.layers[0].kernel)
    tfprune.convert(model, place / "other.tflite")
    return place


def change(path, **values):
    document = json.loads(path.read_text()) | values
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("kind", ["float", "int8"])
def test_a_file_passes_its_own_golden_sample(folder, kind, tmp_path):
    file, out = folder / f"{kind}.tflite", tmp_path / "g.json"
    made = golden_sample(file, X, out, samples=3)
    assert made.samples == 3 and made.inputs[0].name == "x"
    result = check_golden(out, file)
    assert [check.passed for check in result.checks] == [True, True]
    assert result.checks[0].detail.startswith("3 golden samples")


def test_it_holds_what_the_interpreter_takes_and_gives_raw(folder, tmp_path):
    made = golden_sample(folder / "int8.tflite", X, tmp_path / "g.json")
    (inputs, outputs), *_ = made.arrays()
    with Runner(folder / "int8.tflite") as runner:
        raw = runner.run(inputs)  # raw integers give raw integers
    assert inputs[0].dtype == outputs[0].dtype == np.int8
    np.testing.assert_array_equal(raw[0], outputs[0])
    assert made.outputs[0].tolerance == 4.0 and made.outputs[0].scale > 0


def test_a_file_that_computes_something_else_fails(folder, tmp_path):
    out = tmp_path / "g.json"
    golden_sample(folder / "float.tflite", X, out)
    other = read_golden(golden_sample(folder / "other.tflite", X, tmp_path / "o.json").path)
    change(out, sha256=other.sha256)  # else it is seen to be another file before it is run
    with pytest.raises(VerificationError, match="with XNNPACK: off by"):
        check_golden(out, folder / "other.tflite")


def test_another_file_is_said_to_be_another(folder, tmp_path):
    golden_sample(folder / "float.tflite", X, tmp_path / "g.json")
    with pytest.raises(FileError, match=r"the sample is of another file: float\.tflite"):
        check_golden(tmp_path / "g.json", folder / "other.tflite")


TENSOR = {"name": "y", "dtype": "float32", "scale": 0.0, "zero_point": 0}
BROKEN = {
    "another schema": ({"schema": "x"}, "its schema is 'x'"),
    "no samples": ({"samples": 0}, "it holds 0 samples"),
    "more samples than arrays": ({"samples": 9}, "it holds no array '4_input_0'"),
    "no outputs": ({"outputs": None}, "it is no golden sample"),
    "endless tolerance": (
        {
            "outputs": [
                {"name": "y", "dtype": "f4", "scale": 0, "zero_point": 0, "tolerance": 1e999}
            ]
        },
        "inf is no tolerance",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_is_an_error_and_no_pass(folder, tmp_path, case):
    values, words = BROKEN[case]
    golden_sample(folder / "float.tflite", X, tmp_path / "g.json")
    change(tmp_path / "g.json", **values)
    with pytest.raises(FileError, match=words):
        check_golden(tmp_path / "g.json", folder / "float.tflite")


def test_without_data_inputs_are_drawn_and_that_is_told(folder, tmp_path):
    made = golden_sample(folder / "float.tflite", out=tmp_path / "g.json", samples=2)
    assert made.samples == 2 and "random" in made.notes[0].reason
    with pytest.raises(PruneError, match="at least one sample"):
        golden_sample(folder / "float.tflite", samples=0)


def test_the_command_line_makes_and_checks_one(folder, tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    file, out = str(folder / "float.tflite"), str(tmp_path / "g.json")
    assert main(["golden-sample", file, "--data", str(tmp_path / "x.npy"), "-o", out]) == 0
    assert "4 golden samples of" in " ".join(capsys.readouterr().out.split())
    assert main(["verify", file, "--golden", out]) == 0
    assert main(["verify", file, "--golden", out, "--samples", "3"]) == 1
    assert "brings its inputs" in capsys.readouterr().err
    assert main(["verify", file]) == 1
    assert "the .tflite file is missing" in capsys.readouterr().err
