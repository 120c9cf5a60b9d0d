"""Searched widths where the budget is a time: a latency table, corrected by what files took."""

from pathlib import Path

import keras
import pytest
from keras import layers

from tfprune.compressing import compress, rehearse
from tfprune.compressing.job import Network, TriedFile
from tfprune.compressing.searching import Forecast, timed_on
from tfprune.curves import LatencyTable, WholeFile
from tfprune.recipes import Budget, Recipe
from tfprune.recipes.recipe import Prune
from tfprune.reports import Comparison
from tfprune.runs import FinishedStep


def a_table(**settings):
    """One that says of a network: 1 ms, and twice the sum over its ops."""
    whole = (
        WholeFile(name="dense", ops=4.0, measured=9.0),
        WholeFile(name="half of each width", ops=2.0, measured=5.0),
    )
    facts = {"subject": "net", "target": "host", "device": "", "unit": "ms", "ops": (), "files": 9}
    table = LatencyTable(**facts, precision="float32", threads=1, round_to=8, **settings)
    return table.corrected(whole)


def a_file(latency, precision="float32"):
    usage = {} if latency is None else {"latency": latency}
    settings = {"path": "", "keras_path": "", "metrics": {}, "over": {}, "verdict": "safe"}
    told = {"network": "", "precision": precision, "passed": True, "verified": True}
    return TriedFile(**told, usage=usage, **settings)


def a_network(predicted):
    plan = {"plan": {"size": {"latency_after": predicted}}}
    done = FinishedStep(key="", folder=Path(), record=plan)
    return Network(done=done, notch=3, metrics={}, macs=0.5, params=0.5), done


def test_a_file_slower_than_predicted_makes_the_table_slower():
    forecast = Forecast(a_table(), [a_file(1.0)])
    assert forecast.table.predict(3.0) == pytest.approx(7.0)
    forecast.learn(*a_network(7.0), [a_file(8 / 9)])  # 8 of the dense file's 9 ms
    assert 7.0 < forecast.table.predict(3.0) < 8.0
    shown = [(one.label, one.predicted, one.measured, one.fitted) for one in forecast.points]
    assert shown[2] == ("pruned to 50 %", pytest.approx(7.0), pytest.approx(8.0), False)
    assert [one.fitted for one in forecast.points] == [True, True, False]


@pytest.mark.parametrize("files", [[], [a_file(None)], [a_file(0.5, "int8")]])
def test_nothing_is_learned_of_a_network_whose_file_was_not_timed(files):
    forecast = Forecast(a_table(), [a_file(1.0)])
    forecast.learn(*a_network(7.0), files)
    assert len(forecast.points) == 2 and forecast.table.predict(3.0) == pytest.approx(7.0)


@pytest.mark.parametrize(
    ("budget", "target", "where"),
    [
        ({"latency": 0.5}, "android", "android"),
        ({"latency_ms": 3.0}, "host", "host"),
        ({"instructions": 0.5}, "host", "arm64-emulated"),
        ({"macs": 0.5}, "host", None),
        ({"latency": 0.5}, "phone.json", None),
    ],
)
def test_ops_are_timed_where_the_budget_is_a_time(budget, target, where):
    searched = Prune(widths="searched")
    assert timed_on(Recipe(budget=Budget(**budget), target=target, prune=searched)) == where
    assert timed_on(Recipe(budget=Budget(**budget), target=target)) is None


@pytest.fixture
def wide(train):
    """Wide enough for a clock; a step that trains it takes as long."""
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(512, "relu", name=name) for name in ("first", "second")]
    model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(4, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, epochs=2, verbose=0)
    return model


@pytest.fixture
def settings(quick):
    pruned = {**quick["prune"], "trials": 1, "widths": "searched", "round_to": 256}
    return {"budget": {"latency": 0.6}, "recipe": {**quick, "prune": pruned}}


@pytest.mark.proof  # a whole journey
def test_a_journey_draws_what_the_table_predicted(wide, train, validation, settings, tmp_path):
    compress(wide, train, validation, **settings, min_metric=0.0, out=tmp_path)
    record = Comparison.from_json((tmp_path / "report.json").read_text())
    assert {one.label for one in record.latency if one.fitted} >= {"dense", "half of each width"}
    [predicted] = [one for one in record.latency if not one.fitted]
    assert predicted.label.startswith("pruned to") and predicted.unit == "ms"
    assert "Latencies as predicted and as measured" in (tmp_path / "report.html").read_text()


def test_a_dry_run_counts_the_small_files(wide, train, validation, settings):
    plan = rehearse(wide, train, validation, **settings)
    [small] = [own for own in plan.stretches if own.what == "small file of an op"]
    assert small.times == 1 * 2 + 2 * 2 + 2 * 1
