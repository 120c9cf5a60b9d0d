"""`tfprune compress`, `run` and `recipe`, as a user types them."""

import json

import numpy as np
import pytest

from tfprune.cli import main


@pytest.fixture(scope="module")
def files(trained, train, validation, tmp_path_factory):
    """A model and its data as files."""
    folder = tmp_path_factory.mktemp("files")
    trained.save(folder / "model.keras")
    np.savez(folder / "train.npz", x=train[0], y=train[1])
    np.savez(folder / "val.npz", x=validation[0], y=validation[1])
    return folder


@pytest.fixture
def there(files, monkeypatch):
    """The folder that the user is in."""
    monkeypatch.chdir(files)
    return files


def test_a_recipe_is_written_and_run(there, capsys):
    assert main(["recipe", "model.keras"]) == 0
    text = capsys.readouterr().out
    for old, new in [
        ("data: null", "data: train.npz"),
        ("validation: null", "validation: val.npz"),
        ("macs: null", "macs: 0.6"),
        ("steps: 2", "steps: 1"),
        ("trials: 6", "trials: 1"),
        ("epochs: 2", "epochs: 1"),
        ('start: "better"', "start: repaired"),
        ('["float32","int8"]', "[float32]"),
    ]:
        assert old in text
        text = text.replace(old, new, 1)
    (there / "recipe.yaml").write_text(text)
    assert main(["run", "recipe.yaml", "-o", "out"]) == 0
    printed = capsys.readouterr()
    assert "reached: pruned to" in printed.out and "prune to" in printed.err
    assert (there / "out" / "model.tflite").exists()


def test_a_dry_run_of_the_command_says_how_long_it_would_take(there, capsys):
    data = ["--data", "train.npz", "--validation", "val.npz"]
    assert main(["compress", "model.keras", *data, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["seconds"] > 0
    assert not (there / "compressed").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "latncy=0.5"], "latency"),
        (["--budget", "latency"], "as in latency=0.5"),
    ],
)
def test_a_budget_that_is_none_is_wrong_usage(there, capsys, words, said):
    assert main(["compress", "model.keras", "--data", "train.npz", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_budget_that_is_given_twice_is_an_error(there, capsys):
    data = ["--data", "train.npz", "--validation", "val.npz"]
    budgets = ["--budget", "macs=0.5", "--budget", "macs=0.4"]
    assert main(["compress", "model.keras", *data, *budgets]) == 1
    assert "one budget has two values" in capsys.readouterr().err


def test_an_error_in_a_recipe_points_at_its_line(there, capsys):
    (there / "wrong.yaml").write_text("model: model.keras\nprune:\n  step: 2\n")
    assert main(["run", "wrong.yaml"]) == 1
    assert "line 3, column 3: there is no setting prune.step" in capsys.readouterr().err


def test_a_word_that_a_setting_cannot_be_is_told_with_those_it_can(there, capsys):
    (there / "wrong.yaml").write_text("quantize:\n  precisions: [int7]\n")
    assert main(["run", "wrong.yaml"]) == 1
    said = capsys.readouterr().err
    assert "quantize.precisions.0: invalid enum value" in said and "use int8" in said
