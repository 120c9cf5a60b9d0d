"""A fact that is cited stands on its page: the heading, each quote, and in these each number."""

import pathlib
import re

import pytest

from tfprune.measured import FACTS

ROOT = pathlib.Path(__file__).parents[1]
NUMBER = re.compile(r"(?<![\w-])\d(?:[\d,.]*\d)?")  # not the 8 of int8, not the 56 of ResNet-56


def words(text):
    return " ".join(text.split())


def anchors(text):
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_stands_on_the_page_that_it_names(name):
    page, _, anchor = FACTS[name].page.partition("#")
    text = (ROOT / page).read_text(encoding="utf-8")
    assert not anchor or anchor in anchors(text)
    assert [quote for quote in FACTS[name].quotes if words(quote) not in words(text)] == []


@pytest.mark.parametrize("name", FACTS)
def test_each_number_of_a_fact_stands_in_what_it_quotes(name):
    quoted = {
        number for quote in FACTS[name].quotes for number in re.findall(r"\d[\d,.]*\d|\d", quote)
    }
    assert set(NUMBER.findall(FACTS[name].says)) <= quoted
