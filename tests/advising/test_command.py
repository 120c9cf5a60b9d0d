"""`tfprune advise`, and the recipe that it writes."""

import json

import numpy as np
import pytest

from tfprune.cli import main


@pytest.fixture
def there(networks, tmp_path, monkeypatch):
    """A folder with a compiled model and data, and the user in it."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (256, 6)).astype("float32")
    y = 2 * (x[:, 0] > 0).astype("int32") + (x[:, 1] > 0)
    np.savez(tmp_path / "train.npz", x=x[:128], y=y[:128])
    np.savez(tmp_path / "val.npz", x=x[128:], y=y[128:])
    model = networks["MLP"]
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.save(tmp_path / "model.keras")
    model.compiled = False
    monkeypatch.chdir(tmp_path)
    return tmp_path


WISH = ("--target", "mcu", "--bottleneck", "energy", "--data", "train.npz")


def advised(*words):
    given = ["advise", "model.keras", *WISH, "--validation", "val.npz", "--max-drop", "1"]
    return main([*given, "-o", "recipe.yaml", *words])


def test_the_advice_is_one_document_with_its_recipe(there, capsys):
    assert advised("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["recipe"]["budget"]["macs"] == 0.5
    assert {line["fits"] for line in document["lines"]} <= {"do", "try", "not here"}
    assert document["notes"] == [
        {"subject": "budget", "reason": "macs: 0.5 is a beginning; say what you need"},
        {"subject": "target", "reason": "nothing was measured on a mcu here: measure on yours"},
    ]


def test_the_recipe_that_is_written_is_one_that_runs(there, capsys):
    assert advised() == 0
    assert "wrote recipe.yaml" in capsys.readouterr().out
    assert main(["run", "recipe.yaml", "--dry-run"]) == 0


@pytest.mark.proof
def test_the_recipe_brings_the_model_within_its_budget(there, capsys):
    assert advised() == 0
    assert main(["run", "recipe.yaml", "-o", "out"]) == 0
    assert "reached: pruned to" in capsys.readouterr().out
