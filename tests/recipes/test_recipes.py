"""Recipes: what is wrong is told by line, column and the nearest name."""

import pytest

from tfprune.errors import FileError, PruneError
from tfprune.recipes import BUDGETS, Budget, Recipe, json_schema, read_recipe, recipe_of, yaml_of


def read(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    return read_recipe(path)


def test_what_a_recipe_leaves_out_has_its_default(tmp_path):
    recipe = read(tmp_path, "budget:\n  latency: 0.5\n")
    assert recipe == Recipe(budget=Budget(latency=0.5))


def test_an_empty_recipe_is_all_defaults(tmp_path):
    assert read(tmp_path, "# nothing\n") == Recipe()


def test_a_written_recipe_reads_back(tmp_path):
    recipe = recipe_of({"prune": {"keep": ["head", "block_*"]}, "seed": 3, "model": "a: b.keras"})
    assert read(tmp_path, yaml_of(recipe)) == recipe


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("budget:\n  latncy: 0.5\n", "line 2, column 3", "no setting budget.latncy"),
        ("seed: 1\nbudgets: {}\n", "line 2, column 1", "no setting budgets"),
        ("budget:\n  macs: 1.5\n", "line 2, column 3", "expected float <= 1.0"),
        ("prune:\n  steps: many\n", "line 2, column 3", "expected int"),
        ("quantize:\n  precisions: [int8, int9]\n", "line 2, column 22", "'int9'"),
        ("seed: 1\nseed: 2\n", "line 2, column 1", "duplicate key"),
        ("budget: [\n", "line 2, column 1", "expected the node content"),
    ],
    ids=lambda value: str(value)[:20].replace("\n", " "),
)
def test_an_error_points_at_line_and_column(tmp_path, text, where, what):
    with pytest.raises(PruneError) as error:
        read(tmp_path, text)
    assert error.value.found.startswith(where) and what in error.value.found


def test_an_unknown_setting_is_told_with_the_nearest(tmp_path):
    with pytest.raises(PruneError, match="latency"):
        read(tmp_path, "budget:\n  latncy: 0.5\n")


def test_a_list_is_no_recipe(tmp_path):
    with pytest.raises(PruneError, match="not keys with values"):
        read(tmp_path, "- 1\n")


def test_a_missing_recipe_is_told_with_the_command_that_writes_one(tmp_path):
    with pytest.raises(FileError, match="tfprune recipe"):
        read_recipe(tmp_path / "none.yaml")


def test_python_code_in_a_recipe_is_not_run(tmp_path):
    with pytest.raises(PruneError):
        read(tmp_path, "seed: !!python/object/apply:os.getpid []\n")


def test_every_setting_has_a_sentence_in_the_schema():
    sections = json_schema()["$defs"]
    for section in sections.values():
        for name, field in section["properties"].items():
            assert "description" in field or "$ref" in str(field), name


def test_the_command_line_knows_the_same_budgets():
    from tfprune.cli.verbs.compress import BUDGETS as spoken

    assert spoken == BUDGETS
