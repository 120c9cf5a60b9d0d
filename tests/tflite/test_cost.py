"""No file under a megabyte costs more than 2 GB or 60 s in any verb, whatever it claims."""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, given, settings

from tests.tflite.drawn import keras_files, reports, tflites
from tfprune.runners.child import Child

SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
FEW = settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=SLOW)
MANY = settings(max_examples=100, deadline=None, suppress_health_check=SLOW)


@pytest.fixture(scope="module")
def worker():
    with Child([sys.executable, "-m", "tests.tflite.cost"], timeout_s=150) as child:
        yield child


def check(worker, folder, name, content, verbs):
    path = folder / name
    path.write_bytes(content)
    assert len(content) < 2**20
    for verb in verbs:
        cost = worker.ask({"verb": verb, "path": str(path)})
        assert cost["said"] in ("answered", "refused"), (verb, cost)
        assert cost["bytes"] < 2 * 10**9 and cost["seconds"] < 60, (verb, cost)


def read(worker, folder, content):
    check(worker, folder, "a.tflite", content, ("inspect", "doctor", "benchmark", "verify"))


def loaded(worker, folder, content):
    check(worker, folder, "a.keras", content, ("inspect", "doctor"))


def reported(worker, folder, content):
    check(worker, folder, "a.json", content, ("report",))


WAYS = [(tflites, read), (keras_files, loaded), (reports, reported)]


@pytest.mark.parametrize(("draw", "use"), WAYS)
def test_a_small_file_costs_little(worker, tmp_path, draw, use):
    FEW(given(content=draw())(lambda content: use(worker, tmp_path, content)))()


@pytest.mark.proof
@pytest.mark.parametrize(("draw", "use"), WAYS)
def test_many_small_files_cost_little(worker, tmp_path, draw, use):
    MANY(given(content=draw())(lambda content: use(worker, tmp_path, content)))()
