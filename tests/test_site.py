"""The pages of the site that are written from the code; `make docs` builds them all."""

import importlib.util
import pathlib

import tfprune
from tfprune import recipes

PATH = pathlib.Path(__file__).parents[1] / "docs" / "site" / "pages.py"
SPEC = importlib.util.spec_from_file_location("pages", PATH)
pages = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(pages)


def test_signs_of_a_docstring_are_no_markup_and_its_examples_stay():
    lines = ["the mean of |a| over `units`s, 2 * x", ">>> 2 * abs(-1) | 0"]
    pages.as_rest(lines)
    assert lines == [r"the mean of \|a\| over `units`\ s, 2 \* x", ">>> 2 * abs(-1) | 0"]


def test_a_link_to_a_page_outside_of_the_site_names_the_file():
    text = "See [the app](../android_demo/README.md#run) and [names](names.md)."
    assert pages.without_ways_out(text) == (
        "See the app (`android_demo/README.md`) and [names](names.md)."
    )


def test_the_page_of_recipes_has_a_row_for_every_setting(tmp_path):
    page = pages.recipe_page()
    settings = recipes.yaml_of(recipes.recipe_of({})).splitlines()
    named = {line.split(":")[0].strip(" #-") for line in settings if ":" in line}
    assert [name for name in named if name.isidentifier() and f"`{name}`" not in page] == []


def test_every_name_that_is_put_into_a_group_is_public():
    named = [name for names in pages.GROUPS.values() for name in names.split()]
    assert set(named) <= set(tfprune.__all__) and len(named) == len(set(named))


def test_every_page_is_in_the_index():
    docs = PATH.parents[1]
    listed = (docs / "index.md").read_text().splitlines()
    assert [p.name for p in docs.glob("*.md") if p.stem not in listed] == ["index.md"]
