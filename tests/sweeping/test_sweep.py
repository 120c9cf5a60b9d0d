"""A sweep: all combinations of some values, one row each, the same wherever they are run."""

import importlib
import json
import os
import signal
import threading
from pathlib import Path

import joblib
import pytest

from tfprune import PruneError, sweep
from tfprune.cli import main
from tfprune.sweeping.recipe_trial import RecipeTrial
from tfprune.sweeping.request import combinations


def volume(width, height, depth=1):
    return {"volume": width * height * depth}


def test_all_combinations_are_tried_the_last_name_fastest(tmp_path):
    result = sweep(volume, {"width": [1, 2], "height": [3, 4]}, out=tmp_path)
    assert [row.record["volume"] for row in result.rows] == [3, 4, 6, 8]
    assert "width   height   volume" in str(result).replace("  ", " ").replace("  ", "   ")


def test_combinations_can_be_named_one_by_one(tmp_path):
    result = sweep(volume, [{"width": 1, "height": 1}, {"width": 2, "height": 5}], out=tmp_path)
    assert [row.record["volume"] for row in result.rows] == [1, 10]


@pytest.mark.parametrize("over", [{}, [], {"width": []}, {"width": 3}, {"width": "12"}])
def test_there_must_be_something_to_try(over):
    with pytest.raises(PruneError, match=r"nothing to try|no list of values"):
        combinations(over)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"budget.mac": [0.5]}, "there is no setting budget.mac"),
        ({"budget.macs": [0.5, 2.0]}, "budget.macs"),
        ({"data": [None]}, "it names no data"),
    ],
)
def test_a_setting_that_no_recipe_has_is_told_before_anything_begins(recipe, over, said, tmp_path):
    with pytest.raises(PruneError, match=said):
        sweep(recipe, over, out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_value_that_the_function_does_not_take_is_told_with_the_nearest(tmp_path):
    with pytest.raises(PruneError, match="it takes width"):
        sweep(volume, {"widht": [1], "height": [1]}, out=tmp_path)


def test_what_neither_compresses_nor_runs_is_refused(tmp_path):
    with pytest.raises(PruneError, match="it is a int"):
        sweep(3, {"a": [1]}, out=tmp_path)


def test_the_command_repeats_nothing_and_prints_a_row(recipe, capsys, tmp_path):
    words = ["sweep", "recipe.yaml", "-o", str(tmp_path), "--over", "budget.macs=0.5"]
    assert main([*words, "--over", "fine_tune.epochs=0", "--json"]) == 0
    [first] = json.loads(capsys.readouterr().out)["rows"]
    assert first["record"]["macs"] <= 0.5 and first["record"]["judgement"] == "good"
    assert main([*words, "--over", "fine_tune.epochs=0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == [first]  # the same times: done once


@pytest.mark.parametrize("over", ["budget.macs", "=3", "budget.macs="])
def test_a_setting_without_values_is_wrong_usage(over, capsys):
    assert main(["sweep", "recipe.yaml", "--over", over]) == 2
    assert "is no NAME=A,B" in capsys.readouterr().err


BUDGETS = {"budget.macs": [0.8, 0.65, 0.5, 0.4]}


def rows(result):
    """What was found, without what a clock or the system's memory says, and where it lies."""
    said = ("latency", "latency_ms", "peak_memory", "file")
    return [{k: v for k, v in row.record.items() if k not in said} for row in result.rows]


@pytest.fixture(scope="module")
def in_one_process(there, tmp_path_factory):
    os.chdir(there)
    return rows(sweep("recipe.yaml", BUDGETS, out=tmp_path_factory.mktemp("one")))


@pytest.mark.proof
def test_two_processes_give_the_rows_of_one(in_one_process, recipe, tmp_path):
    assert rows(sweep(recipe, BUDGETS, out=tmp_path, jobs=2)) == in_one_process


class KilledOnce(RecipeTrial):
    """Its process is killed in the middle of the third trial, when that is tried first."""

    def __call__(self, folder, **values):
        sign = Path(folder).parents[1] / "killed"
        if values["budget.macs"] == 0.5 and not sign.exists():
            sign.touch()
            threading.Timer(5, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return super().__call__(folder, **values)


@pytest.fixture(scope="module")
def dask_cluster():
    """A scheduler and two workers, each a process of this machine."""
    distributed = pytest.importorskip("distributed")
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster):
        yield "dask"


@pytest.fixture(scope="module")
def ray_cluster():
    """Ray on this machine, with two workers."""
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    importlib.import_module("ray.util.joblib").register_ray()
    yield "ray"
    ray.shutdown()


@pytest.mark.proof
@pytest.mark.parametrize("cluster", ["dask_cluster", "ray_cluster"])
@pytest.mark.parametrize("killed", [False, True])
def test_a_cluster_gives_the_rows_of_one_process(
    in_one_process, recipe, tmp_path, cluster, killed, request
):
    backend = request.getfixturevalue(cluster)
    with joblib.parallel_config(backend=backend, n_jobs=2):
        result = sweep(KilledOnce(recipe) if killed else recipe, BUDGETS, out=tmp_path)
    assert rows(result) == in_one_process
    assert (tmp_path / "trials" / "killed").exists() == killed
