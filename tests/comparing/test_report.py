"""Models of one's own, measured for real and written as a page."""

from __future__ import annotations

import hashlib
import json

import keras
import numpy as np
import pytest

import tfprune
from tfprune import PruneError
from tfprune.bench.instructions import InstructionResult, InstructionRow
from tfprune.comparing import compare, estimate_energy
from tfprune.errors import FileError
from tfprune.reports import Comparison

X = np.random.default_rng(0).random((48, 4), np.float32)
Y = np.arange(48) % 3


def network(width):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,), name="x"),
            keras.layers.Dense(width, "relu", name="wide"),
            keras.layers.Dense(3, "softmax", name="head"),
        ]
    )
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """`dense.keras`, and int8.tflite of a network half as wide."""
    folder = tmp_path_factory.mktemp("report")
    network(8).save(folder / "dense.keras")
    tfprune.convert(network(4), folder / "int8.tflite", "int8", X)
    return folder


@pytest.fixture(scope="module")
def record(files):
    counted = InstructionRow(
        label="int8",
        path="",
        bytes=1,
        gzip_bytes=1,
        instructions=1234,
        ratio=1.0,
        kernels={},
        runtime="",
        sparse=False,
    )
    also = [InstructionResult(rows=(counted,), cpu="cortex-a76", settings={})]
    models = {
        "dense": files / "dense.keras",
        "half": network(4),
        "int8": files / "int8.tflite",
    }
    return compare(models, (X, Y), runs=5, also=also)


def test_every_model_has_what_can_be_measured_of_it(record):
    dense, half, int8 = record.models
    assert (dense.macs, half.macs, int8.macs) == (8 * 4 + 8 * 3, 28, 28)
    assert dense.metrics.keys() == {"loss", "accuracy"} and record.metric == "accuracy"
    assert all(m.median_ms and m.bytes and m.verdict == "dense" for m in record.models)
    assert dense.ratio == 1.0 and sum(row.samples for row in int8.per_class) == 48
    assert "measured as the float32 .tflite file" in dense.notes[0] and int8.file.endswith(
        "int8.tflite"
    )


def test_numbers_of_other_measurements_are_joined_by_label_and_unknown_elsewhere(record):
    assert [m.instructions for m in record.models] == [None, None, 1234]
    assert [m.phone_ms for m in record.models] == [None] * 3


def test_layers_of_keras_models_are_compared_by_name(record):
    widths = [{layer.name: layer.width for layer in m.layers} for m in record.models[:2]]
    assert widths == [{"wide": 8, "head": 3}, {"wide": 4, "head": 3}]


def test_int8_costs_less_by_the_tables(record):
    _, half, int8 = record.models
    for a, b in zip(half.energy, int8.energy, strict=True):
        assert a.arithmetic_uj > 10 * b.arithmetic_uj and a.memory_uj > b.memory_uj
    assert estimate_energy(1, 1, None, "int8")[0].total_uj is None


def test_no_energy_is_told_of_what_no_source_tells():
    both = [[own.process for own in estimate_energy(9, 9, 9, p)] for p in ("int8", "int16x8")]
    assert both == [["45 nm", "7 nm"], ["45 nm"]]


def test_report_writes_the_page_and_its_record(files, tmp_path):
    page = tfprune.report(
        {"int8": files / "int8.tflite"}, tmp_path / "mine.html", runs=0, title="mine"
    )
    written = Comparison.from_json((tmp_path / "mine.json").read_bytes())
    assert written.title == "mine" and written.models[0].metrics == {}
    assert written.models[0].median_ms is None
    assert any("no data was given" in note.reason for note in written.notes)
    assert page.read_text("utf-8").startswith("<!doctype html>")
    before = page.read_bytes()
    assert tfprune.report(tmp_path / "mine.json", page).read_bytes() == before


def test_times_of_a_phone_are_those_of_the_very_file(files, tmp_path):
    digest = hashlib.sha256((files / "int8.tflite").read_bytes()).hexdigest()
    profile = {"format": 1, "device": {}, "models": [{"sha256": digest, "median_ms": 7.5}]}
    (tmp_path / "phone.json").write_text(json.dumps(profile))
    models = {"int8": files / "int8.tflite", "dense": files / "dense.keras"}
    found = compare(models, runs=0, phone=tmp_path / "phone.json")
    assert [m.phone_ms for m in found.models] == [7.5, None]
    assert any(n.subject == "dense" and "this very file" in n.reason for n in found.notes)
    (tmp_path / "phone.json").write_text('{"format": 2}')
    with pytest.raises(FileError, match="its format is 2, not 1"):
        compare(models, runs=0, phone=tmp_path / "phone.json")


WRONG = {
    "nothing": ({}, {}, "there are none"),
    "no names": ([network], {}, "a list of models has no names"),
    "data for a record": ("report.json", {"data": (X, Y)}, "it is measured already"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_reported_is_an_error(case):
    source, settings, words = WRONG[case]
    with pytest.raises(PruneError, match=words):
        tfprune.report(source, **settings)


def test_measurements_of_other_labels_are_an_error(files):
    row = dict.fromkeys(["path", "runtime"], "") | dict.fromkeys(["bytes", "gzip_bytes"], 1)
    other = InstructionRow(label="typo", instructions=1, ratio=1.0, kernels={}, sparse=False, **row)
    also = [InstructionResult(rows=(other,), cpu="", settings={})]
    with pytest.raises(PruneError, match="with measurements of typo"):
        compare([files / "int8.tflite"], runs=0, also=also)


def test_the_command_line_reports_on_files(files, tmp_path, capsys):
    from tfprune.cli import main

    np.savez(tmp_path / "test.npz", x=X, y=Y)
    words = [
        "report",
        files / "dense.keras",
        files / "int8.tflite",
        "--data",
        tmp_path / "test.npz",
    ]
    assert main([*map(str, words), "--runs", "5", "-o", str(tmp_path / "r.html"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(tmp_path / "r.html")}
    found = Comparison.from_json((tmp_path / "r.json").read_bytes())
    assert [m.label for m in found.models] == ["dense", "int8"]
    assert all("accuracy" in m.metrics for m in found.models)
