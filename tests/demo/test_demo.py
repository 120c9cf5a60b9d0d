"""The whole demo, tiny: every file is made, verified, run and reported."""

from __future__ import annotations

import keras
import pytest

from tfprune.cli import main
from tfprune.demo.variants import VARIANTS
from tfprune.inspection import inspect
from tfprune.reports import RunReport

TINY = {"--digits": 300, "--width": 0.25, "--epochs": 1, "--pruning-epochs": 1, "--runs": 5}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "made" / "by-it"
    words = [str(word) for pair in TINY.items() for word in pair]
    assert main(["demo", "-o", str(folder), *words]) == 0
    return folder


@pytest.fixture(scope="module")
def record(folder):
    return RunReport.load(folder)


def test_it_leaves_two_plain_keras_models(folder):
    for name in ("dense.keras", "pruned.keras"):
        model = keras.saving.load_model(folder / name)
        assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)


def test_it_leaves_every_file_it_reports(folder, record):
    assert [m.file for m in record.models] == [v.file for v in VARIANTS]
    assert all((folder / m.file).stat().st_size == m.bytes for m in record.models)
    assert (folder / "report.html").stat().st_size < 300_000


def test_four_fifths_of_the_pruned_weights_are_zero_in_every_file(record):
    pruned = [m for m in record.models if m.label.startswith("pruned")]
    assert len(pruned) == 5
    assert all(m.sparsity == pytest.approx(0.8, abs=0.002) for m in pruned)


def test_zeros_of_a_kernel_are_the_same_in_keras_and_in_the_float_files(record):
    for kernel in record.kernels:
        assert kernel.in_files["pruned float32"] == kernel.zeros
        assert kernel.in_files["pruned float32 sparse"] == kernel.zeros


def test_the_sparse_files_are_stored_sparse_and_smaller(folder, record):
    rows = {m.label: m for m in record.models}
    assert rows["pruned float32 sparse"].sparse and not rows["pruned float32"].sparse
    assert rows["pruned float32 sparse"].bytes < rows["pruned float32"].bytes
    assert any(r.sparse for r in inspect(folder / rows["pruned float16 sparse"].file).rows)


def test_everything_is_measured_and_every_check_passed(record):
    for model in record.models:
        assert 0 < model.p10_ms <= model.median_ms <= model.p90_ms
        assert 0 <= model.accuracy <= 1
        assert len(model.checks) >= 2 and all(check.passed for check in model.checks)
    assert record.models[0].ratio == 1.0


def test_the_baseline_was_trained_first(record):
    assert [(e.phase, e.epoch) for e in record.epochs] == [("dense", 1), ("pruning", 2)]
    assert record.epochs[0].sparsity == 0.0
    assert record.epochs[1].sparsity == pytest.approx(0.8, abs=0.002)
