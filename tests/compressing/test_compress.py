"""compress: the fastest file within the floor, and nothing that was found is lost."""

import hashlib
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

import tfprune
from tfprune.compressing import compress, rehearse
from tfprune.errors import PruneError
from tfprune.recipes import read_recipe
from tfprune.reports import Comparison
from tfprune.verification import check_golden

from .conftest import network


@pytest.fixture(scope="module")
def half(trained, train, validation, quick, tmp_path_factory):
    """A run to half the multiply-accumulates."""
    out = tmp_path_factory.mktemp("half")
    budget = {"macs": 0.5}
    result = compress(
        trained, train, validation, budget=budget, out=out, recipe=quick, max_drop=0.03
    )
    return result, out


@pytest.fixture
def copied(half, tmp_path):
    """A copy of that run: another one there finds the dense model and its file."""
    return Path(shutil.copytree(half[1], tmp_path / "copied"))


def test_the_best_file_is_within_budget_and_floor(half):
    result, _ = half
    assert result.passed and result.best.usage["macs"] <= 0.5
    assert result.best.metrics["accuracy"] >= result.floor.dense - 0.03


def test_what_is_on_top_of_the_folder_is_the_best(half, validation):
    result, out = half
    accuracy = tfprune.evaluate(out / "model.tflite", validation, ["accuracy"])["accuracy"]
    assert accuracy == pytest.approx(result.best.metrics["accuracy"])
    assert (out / "model.tflite").read_bytes() == Path(result.best.path).read_bytes()
    assert check_golden(out / "model.golden.json", out / "model.tflite").passed
    model = keras.saving.load_model(out / "model.keras", compile=False)
    assert model.layers[-1].units == 4 and model.layers[0].units < 32


def test_the_recipe_as_used_repeats_the_run(half):
    _, out = half
    assert read_recipe(out / "recipe.yaml").budget.macs == 0.5


def test_the_result_is_strict_json(half):
    result, out = half
    document = json.loads((out / "result.json").read_text(), parse_constant=pytest.fail)
    assert document["best"]["network"] == result.best.network and document["passed"]


def test_the_report_shows_dense_and_chosen_and_every_trial(half):
    result, out = half
    record = Comparison.from_json((out / "report.json").read_text())
    assert [model.label for model in record.models] == ["dense", result.best.network]
    assert [trial.label for trial in record.trials] == [trial.name for trial in result.trials]
    assert record.models[1].metrics["accuracy"] == pytest.approx(result.best.metrics["accuracy"])
    assert "pruned to" in (out / "report.html").read_text()


def test_the_model_is_not_changed(half, trained):
    assert [layer.units for layer in trained.layers] == [32, 16, 4]
    assert trained.compiled


def steps(out):
    return {path: path.stat().st_mtime_ns for path in (out / "steps").iterdir()}


def test_the_same_call_repeats_nothing_though_keras_numbers_the_layers_anew(
    half, trained, train, validation, quick
):
    result, out = half
    again = network()
    again.set_weights(trained.get_weights())
    assert again.layers[-1].name != trained.layers[-1].name
    before = steps(out)
    settings = {"budget": {"macs": 0.5}, "out": out, "recipe": quick, "max_drop": 0.03}
    assert compress(again, train, validation, **settings) == result
    assert steps(out) == before


def test_a_phone_that_is_not_there_is_an_error_and_is_not_remembered(
    copied, trained, train, validation, quick
):
    before = steps(copied)
    settings = {"target": "android:none-such", "budget": {"latency": 0.5}, "max_drop": 0.03}
    with pytest.raises(PruneError, match="adb"):
        compress(trained, train, validation, out=copied, recipe=quick, **settings)
    assert [path for path in steps(copied).keys() - before if path.suffix != ".unfinished"] == []


def profile_of(paths, path):
    """What a phone is said to have measured: each file twice as fast as the one before."""
    hashes = [hashlib.sha256(Path(own).read_bytes()).hexdigest() for own in paths]
    times = [{"sha256": word, "median_ms": 8 / 2**i} for i, word in enumerate(hashes)]
    path.write_text(json.dumps({"format": 1, "device": {}, "models": times}))


def test_a_saved_profile_tells_the_times_of_files_it_knows_and_of_no_others(
    half, copied, trained, train, validation, quick, tmp_path
):
    found, _ = half
    settings = {"budget": {"macs": 0.5}, "recipe": quick, "max_drop": 0.03, "report": False}
    settings.update(target=str(tmp_path / "phone.json"), out=copied)
    dense = found.trials[0].path
    profile_of([dense], tmp_path / "phone.json")
    before = compress(trained, train, validation, **settings)
    assert [trial.usage.get("latency") for trial in before.trials] == [1, None, None]
    assert "has no time of some of these files" in " ".join(str(before).split())
    profile_of([trial.path for trial in found.trials], tmp_path / "phone.json")
    after = compress(trained, train, validation, **settings)
    assert [trial.usage["latency"] for trial in after.trials] == [1, 0.5, 0.25]
    assert after.best.usage["latency_ms"] == 2 and not after.notes


def test_a_budget_that_cannot_be_met_gives_the_best_effort(
    copied, trained, train, validation, quick
):
    recipe = {**quick, "prune": {**quick["prune"], "trials": 1, "keep": ["first"]}}
    settings = {"budget": {"params": 0.01}, "out": copied, "recipe": recipe, "report": False}
    result = compress(trained, train, validation, **settings)
    assert not result.passed and result.best.over["params"] > 1
    assert (copied / "model.tflite").read_bytes() == Path(result.best.path).read_bytes()
    assert "missed: params" in str(result)


def test_widths_that_can_shrink_no_further_end_the_journey_in_words(
    copied, trained, train, validation, quick
):
    recipe = {  # 32 and 16 neurons: one step
        **quick,
        "prune": {**quick["prune"], "round_to": 16},
        "fine_tune": {"epochs": 0},
    }
    result = compress(
        trained, train, validation, out=copied, recipe=recipe, max_drop=1.0, report=False
    )
    assert [trial.network for trial in result.trials] == ["dense", "pruned to 54 %"]
    said = " ".join(note.reason for note in result.notes)
    assert "nothing smaller than the pruned to 54 %" in said
    assert "fine_tune.epochs=0: nothing is trained" in said


def test_labels_that_no_class_has_are_an_error_and_no_network_that_cannot_be_pruned(
    copied, trained, train, validation
):
    with pytest.raises(PruneError, match="label value of 9"):
        compress(trained, (train[0], train[1] + 6), validation, out=copied)


def test_a_model_that_has_nothing_to_prune_is_converted_all_the_same(
    train, validation, quick, tmp_path
):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    settings = {"budget": {"params": 0.5}, "out": tmp_path, "recipe": quick, "report": False}
    result = compress(model, train, validation, **settings)
    assert [trial.network for trial in result.trials] == ["dense"] and not result.passed
    assert "nothing can be pruned" in str(result)


def test_without_labels_networks_are_judged_by_agreement(trained, train, quick, tmp_path):
    recipe = {**quick, "prune": {**quick["prune"], "trials": 1}}
    settings = {"budget": {"macs": 0.7}, "out": tmp_path, "recipe": recipe, "report": False}
    result = compress(trained, train[0], **settings)
    assert set(result.best.metrics) == {"agreement"} and result.floor.dense == 1.0
    assert "nothing is trained" in str(result)


def test_functions_of_ones_own_train_and_judge(trained, train, validation, quick, tmp_path):
    epochs_asked = []

    def fit(model, epochs):
        epochs_asked.append(epochs)

    def evaluate(model):
        right = np.argmax(model.predict(validation[0], verbose=0), 1) == validation[1]
        return {"right": right.mean()}

    recipe = {**quick, "prune": {**quick["prune"], "trials": 1}}
    result = compress(
        trained,
        train,
        fit=fit,
        evaluate=evaluate,
        budget={"macs": 0.8},
        out=tmp_path,
        recipe=recipe,
    )
    assert result.floor.metric == "right" and epochs_asked == [2]
    assert 0.25 < result.best.metrics["right"] <= 1


def test_a_dry_run_writes_nothing_and_names_the_work(trained, train, validation, quick):
    plan = rehearse(trained, train, validation, budget={"macs": 0.5}, recipe=quick)
    assert "512 training samples, with labels" in str(plan)
    assert [own.times for own in plan.stretches if "training" in own.what] == [4]
    assert plan.seconds > 0


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"budget": {"latncy": 0.5}}, "no setting budget.latncy"),
        ({"budget": {"latency": 0.5}, "target": "arm64-emulated"}, "tells no time"),
        ({"target": "phone"}, "no such target"),
        ({"target": "none.json"}, "read none.json"),
        ({"metric": "acuracy"}, "not judged by it"),
        ({"validation": None}, "no data with labels to judge by"),
        ({"max_drop": 0.1, "min_metric": 0.5}, "two floors"),
        ({"fit": print}, "evaluate= is missing"),
        ({"recipe": {"prune": {"criterion": "tailor"}}}, "no such criterion"),
        ({"validation": iter([])}, "used up after one turn"),
        ({"recipe": {"prune": {"keep": ["frist"]}}}, "first"),
        ({"recipe": {"fine_tune": {"optimizer": "admm"}}}, "admm"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_wrong_is_told_before_anything_is_trained(
    trained, train, validation, tmp_path, changes, found
):
    arguments = {"validation": validation, **changes}
    with pytest.raises(PruneError, match=found):
        compress(trained, train, out=tmp_path, **arguments)


def test_an_uncompiled_model_needs_a_loss(train, validation, tmp_path):
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    with pytest.raises(PruneError, match="nobody knows its loss"):
        compress(model, train, validation, out=tmp_path)
