from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfprune.bench.batches import turns
from tfprune.bench.host import busy, runs_sparse_kernels
from tfprune.bench.naming import name_models
from tfprune.bench.spread import Ratio, Spread, is_stable, ratio, share, spread
from tfprune.errors import PruneError

milliseconds = st.floats(0.01, 1e4)


def test_percentiles_are_interpolated_between_neighbours():
    assert spread([10.0, 30.0, 20.0]) == Spread(median=20.0, p10=12.0, p90=28.0, min=10.0)


@given(st.lists(milliseconds, min_size=1))
def test_the_spread_is_ordered(times):
    found = spread(times)
    assert found.min <= found.p10 <= found.median <= found.p90 <= max(times)


def test_the_ratio_compares_round_by_round():
    """A machine that slows down tenfold halfway changes no ratio."""
    slower_later = [[4.0, 4.0], [40.0, 40.0]]
    assert ratio(slower_later, [[2.0, 2.0], [20.0, 20.0]]) == Ratio(2.0, 2.0, 2.0)


def test_the_ratio_keeps_its_worst_and_best_round():
    assert ratio([[1.0], [1.0], [1.0]], [[1.0], [0.5], [0.25]]) == Ratio(2.0, 1.0, 4.0)


@given(st.lists(st.lists(milliseconds, min_size=1), min_size=1))
def test_the_baseline_is_once_as_fast_as_itself(rounds):
    assert ratio(rounds, rounds) == Ratio(1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("later", "stable"), [([100.0], True), ([105.0], True), ([94.0], False), ([106.0], False)]
)
def test_five_percent_apart_is_stable(later, stable):
    assert is_stable([100.0], later) is stable


@given(st.integers(1, 500), st.integers(1, 20))
def test_every_run_falls_into_one_round(runs, rounds):
    counts = share(runs, rounds)
    assert len(counts) == rounds and sum(counts) == runs and max(counts) - min(counts) <= 1


def test_every_other_round_goes_backwards():
    assert [name for name, _ in turns("AB", [1, 1, 1])] == list("ABBAAB")


@pytest.mark.parametrize(
    ("models", "labels"),
    [
        ("a/model.tflite", ["model"]),
        (["a/x.tflite", "b/y.tflite"], ["x", "y"]),
        (["a/x.tflite", "b/x.tflite"], ["a/x.tflite", "b/x.tflite"]),
        ({"dense": "a.tflite"}, ["dense"]),
    ],
)
def test_models_are_labelled_by_their_file(models, labels):
    assert list(name_models(models)) == labels


def test_no_models_is_an_error():
    with pytest.raises(PruneError, match="benchmark no models"):
        name_models([])


@pytest.mark.parametrize(
    ("machine", "flags", "sparse"),
    [
        ("aarch64", ["asimd"], True),
        ("arm64", [], True),
        ("x86_64", ["sse4_2"], True),
        ("x86_64", ["sse4_2", "avx"], False),
        ("AMD64", [], False),
        ("riscv64", [], False),
    ],
)
def test_sparse_kernels_run_on_arm_and_on_x86_without_avx(machine, flags, sparse):
    assert runs_sparse_kernels(machine, flags) is sparse


def test_a_machine_with_more_programs_than_cores_is_called_busy():
    host = {"cores": 2, "load_average": 1.0, "load_average_after": 6.0}
    [note] = busy(host, threads=1)
    assert "5 programs wanted the 2 cores" in note.reason and "minima" in note.reason
    assert busy(host, threads=4) == []
