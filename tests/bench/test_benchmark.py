from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfprune.bench import benchmark
from tfprune.bench.benchmark import unproven
from tfprune.bench.host import describe_host
from tfprune.errors import FileError, PruneError
from tfprune.notes import Note


def to_tflite(model, path, *optimizations):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = list(optimizations)
    path.write_bytes(converter.convert())
    return str(path)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A dense file, and one whose 1x1 kernel is stored sparse."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("bench")
    image = keras.Input((8, 8, 16), name="image")
    conv = keras.layers.Conv2D(32, 1, name="conv")
    model = keras.Model(image, conv(image))
    kernel = np.zeros((1, 1, 16, 32), np.float32)
    kernel[..., ::8] = 1.0
    conv.kernel.assign(kernel)
    return {
        "dense": to_tflite(model, folder / "dense.tflite"),
        "sparse": to_tflite(
            model, folder / "sparse.tflite", tf.lite.Optimize.EXPERIMENTAL_SPARSITY
        ),
    }


@pytest.fixture(scope="module")
def result(models):
    return benchmark(models, runs=6, rounds=3, warmup=1, per_op=True)


def test_the_first_model_is_the_baseline(result):
    dense, sparse = result.rows
    assert (dense.label, dense.ratio, dense.ratio_low, dense.ratio_high) == ("dense", 1, 1, 1)
    assert sparse.ratio_low <= sparse.ratio <= sparse.ratio_high
    assert sparse.ratio_of_minima == dense.min_ms / sparse.min_ms


def test_every_number_is_there_and_in_order(result):
    for row in result.rows:
        assert 0 < row.min_ms <= row.p10_ms <= row.median_ms <= row.p90_ms
        assert row.first_ms > 0 and row.load_ms > 0 and row.peak_memory_bytes > 0
        assert row.gzip_bytes > 0 and row.runs == 6 and row.per_op


def test_it_is_json_that_names_settings_host_and_runtime(result):
    data = json.loads(json.dumps(result.to_dict()))
    assert data["settings"]["rounds"] == 3 and data["settings"]["inputs"] == "random"
    assert data["host"]["cpu"] and data["host"]["cores"] >= 1
    assert data["rows"][0]["runtime"].startswith("ai-edge-litert")


def test_a_sparse_file_on_this_host_gets_a_note_unless_it_can_run_sparse(result):
    reasons = [str(note) for note in result.notes if "dense" in note.reason]
    machine = describe_host()["machine"]
    expected = [f"sparse: sparse on ARM64; this {machine} host runs it dense"]
    assert [row.sparse for row in result.rows] == [False, True]
    assert reasons == ([] if describe_host()["runs_sparse_kernels"] else expected)


def test_inputs_can_be_given_by_name(models):
    inputs = {"image": np.ones((1, 8, 8, 16), np.float32)}
    result = benchmark(models["dense"], runs=2, rounds=1, warmup=0, inputs=inputs)
    assert result.settings["inputs"] == "given"


def test_a_missing_name_among_the_inputs_is_an_error(models):
    with pytest.raises(PruneError, match=r"called \['image'\]\nfix: add the key 'image'"):
        benchmark(models["dense"], inputs={"picture": np.ones((1, 8, 8, 16))})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"rounds": 0}, "rounds=0\nfound: at least one"),
        ({"runs": 2, "rounds": 5}, "runs=2, rounds=5\nfound: a round would be empty"),
        ({"warmup": -1}, "warmup=-1"),
    ],
)
def test_a_bad_setting_is_an_error_that_repeats_it(models, setting, message):
    with pytest.raises(PruneError, match=message):
        benchmark(models, **setting)


def test_a_foreign_file_is_an_error(tmp_path):
    foreign = tmp_path / "foreign.tflite"
    foreign.write_text("hello, this is no flatbuffer")
    with pytest.raises(FileError):
        benchmark(foreign)


def test_more_threads_than_cores_are_noted(models):
    cores = describe_host()["cores"]
    result = benchmark(models["dense"], runs=1, rounds=1, warmup=0, threads=cores + 1)
    [note] = [note for note in result.notes if note.subject == "threads"]
    assert f"{cores + 1} asked for" in note.reason


def test_a_row_does_not_change(result):
    with pytest.raises(AttributeError):
        result.rows[0].runs = 3
    assert replace(result.rows[0], runs=3).runs == 3


def test_it_needs_no_tensorflow(models):
    script = (
        "import sys; from tfprune.bench import benchmark\n"
        "benchmark(sys.argv[1], runs=1, rounds=1, warmup=0)\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, models["dense"]], check=True)


def test_many_files_run_some_at_a_time_each_batch_beside_the_baseline(models, monkeypatch):
    monkeypatch.setattr("tfprune.bench.batches.MOST_LIVE", 2)
    paths = {"a": models["dense"], "b": models["dense"], "c": models["dense"]}
    result = benchmark(paths, runs=4, rounds=2, warmup=0)
    assert [row.label for row in result.rows] == ["a", "b", "c"]
    assert all(row.runs == 4 for row in result.rows) and result.rows[0].ratio == 1.0
    assert Note("rounds", "3 files: 2 at a time, each batch with the baseline") in result.notes


def test_what_the_times_do_not_show_is_told(models):
    alone = benchmark([models["dense"]], runs=2, rounds=2, warmup=0)
    assert any("name the dense float32 file first" in note.reason for note in alone.notes)
    [row] = alone.rows
    rows = [row, *(replace(row, ratio_low=low, ratio_high=1.2) for low in (0.9, 1.1))]
    [note] = unproven(rows)
    assert note.reason == "neither faster nor slower: 0.90x to 1.20x in different rounds"
