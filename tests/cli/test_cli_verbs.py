from __future__ import annotations

import json

import keras
import numpy as np
import pytest

from tfprune.reports import ModelRow, RunReport


def test_inspect_prints_a_table_for_each_file(run):
    code, out, _ = run("inspect", "model.keras", "model.tflite")
    assert code == 0
    assert "head/kernel" in out and "10 parameters, 8 of them in kernels" in out


def test_inspect_as_json(run_json):
    code, document, _ = run_json("inspect", "model.tflite")
    [found] = document["inspections"]
    assert (code, found["kind"], found["totals"]["kernel_params"]) == (0, "tflite", 8)


def test_inspect_shows_the_macs_of_each_layer(run, run_json):
    code, out, _ = run("inspect", "model.keras")
    assert code == 0 and "8 MACs" in out and "100.0 %" in out
    _, document, _ = run_json("inspect", "model.keras")
    [found] = document["inspections"]
    assert [(layer["name"], layer["macs"]) for layer in found["layers"]] == [("head", 8)]
    assert found["totals"]["macs"] == 8


@pytest.mark.parametrize("shape", ["5x4", "5,4"])
def test_inspect_takes_the_shape_that_a_model_leaves_open(run_json, tmp_path, shape):
    x = keras.Input((None, 4))
    keras.Model(x, keras.layers.Dense(2)(x)).save(tmp_path / "open.keras")
    code, document, _ = run_json("inspect", tmp_path / "open.keras", "--input-shape", shape)
    assert (code, document["inspections"][0]["totals"]["macs"]) == (0, 5 * 4 * 2)


def test_convert_writes_the_file_it_describes(run_json, tmp_path):
    out = tmp_path / "out.tflite"
    code, document, _ = run_json("convert", "model.keras", "-o", out)
    assert code == 0
    assert document["bytes"] == out.stat().st_size
    assert document["kernels"][0]["kernel"] == "head/kernel"


def test_convert_calibrates_int8_with_arrays_from_a_file(run, tmp_path):
    out = tmp_path / "int8.tflite"
    words = ["--quantize", "int8", "--io-dtype", "int8", "--representative-data", "inputs.npy"]
    code, text, _ = run("convert", "model.keras", "-o", out, *words)
    assert code == 0 and "quantize: int8" in text and out.exists()


def test_convert_keeps_layers_float_by_name(run_json, tmp_path):
    words = ["--quantize", "int8", "--representative-data", "inputs.npy", "--keep-float", "he*"]
    code, document, _ = run_json("convert", "model.keras", "-o", tmp_path / "m.tflite", *words)
    [note] = document["notes"]
    assert code == 0 and note["subject"] == "head" and "FULLY_CONNECTED" in note["reason"]


def test_convert_refuses_sparse_storage_that_is_not_safe(run, tmp_path):
    out = tmp_path / "sparse.tflite"
    code, _, err = run("convert", "model.keras", "-o", out, "--sparse", "yes")
    assert code == 1 and "asked: convert with --sparse yes" in err
    assert not out.exists()


def test_quantization_errors_ranks_the_layers(run, run_json):
    words = ["quantization-errors", "model.keras", "--data", "inputs.npy"]
    code, document, _ = run_json(*words)
    assert code == 0 and [row["layer"] for row in document["rows"]] == ["head"]
    code, out, _ = run(*words)
    assert code == 0 and "SQNR" in out and "FULLY_CONNECTED" in out


def test_verify_passes_a_file_made_of_the_model(run):
    code, out, _ = run("verify", "model.keras", "model.tflite", "--inputs", "inputs.npy")
    assert code == 0 and "passed" in out and "FAILED" not in out


def test_verify_fails_with_code_1_and_says_where(run_json):
    code, document, _ = run_json("verify", "other.keras", "model.tflite")
    assert (code, document["passed"]) == (1, False)
    assert "head" in document["culprit"]


def test_verify_prints_what_failed(run):
    code, out, _ = run("verify", "other.keras", "model.tflite")
    assert code == 1 and "FAILED" in out and "first difference: " in out


def test_benchmark_compares_with_the_first_file(run_json):
    words = ["--runs", "4", "--rounds", "2", "--warmup", "0"]
    code, document, _ = run_json("benchmark", "model.tflite", "./model.tflite", *words)
    assert code == 0
    first, second = document["rows"]
    assert first["ratio"] == 1.0 and first["runs"] == second["runs"] == 4


def test_benchmark_prints_a_table(run):
    code, out, _ = run("benchmark", "model.tflite", "--runs", "2", "--rounds", "1", "--warmup", "0")
    assert code == 0 and "median ms" in out and "1.00x" in out


def test_report_makes_the_page_again(run, tmp_path):
    RunReport(
        title="a run",
        created="now",
        models=(ModelRow(label="a", file="a.tflite", bytes=2, gzip_bytes=1),),
    ).save(tmp_path / "report.json")
    page = tmp_path / ("a long name, to be copied whole, " * 5 + ".html")
    code, out, _ = run("report", tmp_path, "-o", page)
    assert (code, out) == (0, f"wrote {page}\n")
    assert "<h1>a run</h1>" in page.read_text()


INT8 = ["convert", "model.keras", "-o", "o.tflite", "--quantize", "int8"]


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "nothing.tflite"],
        ["inspect", "inputs.npy"],
        ["inspect", "model.keras", "--input-shape", "5x4x3"],
        ["convert", "nothing.keras", "-o", "out.tflite"],
        ["convert", "model.keras", "-o", "missing/out.tflite"],
        [*INT8, "--representative-data", "model.keras"],
        [*INT8, "--representative-data", "nan.npy"],
        ["verify", "model.keras", "model.tflite", "--inputs", "nan.npy"],
        ["verify", "model.keras", "model.tflite", "--import", "nothing.py"],
        ["benchmark", "model.tflite", "--inputs", "nan.npy"],
        INT8,
        ["verify", "model.keras", "model.tflite", "--samples", "0"],
        ["verify", "model.tflite", "model.keras"],
        ["benchmark", "model.keras"],
        ["benchmark", "model.tflite", "--threads", "0"],
        ["report", "."],
        ["demo", "--sparsity", "1.5"],
        ["demo", "--digits", "7"],
        ["demo", "-o", "model.keras"],
    ],
)
def test_what_cannot_be_done_exits_with_1_and_says_asked_found_fix(run, words):
    code, out, err = run(*words, "--json")
    facts = json.loads(out)["error"]
    assert code == 1
    for name in ("asked", "found", "fix"):
        assert facts[name] and f"{name}: {facts[name]}" in err
    assert "Traceback" not in err


def test_evaluate_prints_metrics_and_classes(run, run_json, files):
    np.savez(files / "labelled.npz", x=np.eye(4, dtype="float32"), y=np.array([0, 1, 0, 1]))
    words = ["evaluate", "model.tflite", "--data", "labelled.npz"]
    code, out, _ = run(*words)
    assert code == 0 and "accuracy" in out and "labels are numbers of 2 classes" in out
    words += ["--metrics", "accuracy", "acuracy"]
    code, _, err = run(*words)
    assert code == 1 and "asked: evaluate with --metrics acuracy" in err
    code, document, _ = run_json(*words[:-1], "--like", "model.keras", "--loss", "ce")
    assert code == 0 and set(document["metrics"]) == {"accuracy", "loss"}
    assert [row["samples"] for row in document["per_class"]] == [2, 2]
