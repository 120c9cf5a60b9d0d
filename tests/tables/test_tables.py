"""Every result prints as tables that keep their numbers, at any width, with any name in it."""

from __future__ import annotations

import io
import json

import pytest
from rich.cells import cell_len

from tests.tables.results import HOSTILE, NUMBERS, results
from tfprune.notes import Note
from tfprune.tables import Rows, noted, plain_table, printed, visible
from tfprune.tables.visible import visible_json

KINDS = results("dense")


def every_kind(kinds=KINDS):
    return pytest.mark.parametrize("result", kinds, ids=[type(r).__name__ for r in kinds])


@every_kind()
def test_every_result_prints_as_a_table_and_not_as_a_dump(result):
    assert f"{type(result).__name__}(" not in str(result)
    assert "dense" in str(result)


@every_kind()
@pytest.mark.parametrize("columns", [60, 40, 200])
def test_every_number_is_whole_at_every_width(result, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    for number in NUMBERS[type(result).__name__]:
        assert number in str(result)
    assert max(map(cell_len, str(result).splitlines())) <= columns


@every_kind(results(HOSTILE))
def test_no_name_in_a_result_is_obeyed_by_a_terminal(result):
    assert not {"\x1b", "\x9b", "\u202e", "\x07", "\r"} & set(str(result))
    assert "\x1b" not in result._repr_html_()


def test_a_notebook_shows_the_same_table_and_no_markup_of_a_name():
    html = results("<script>alert(1)</script>")[0]._repr_html_()
    assert html.startswith("<pre") and "<script>" not in html and "&lt;script&gt;" in html


def test_square_brackets_in_a_name_are_no_markup():
    table = plain_table("[bold]t", "name", ["n"])
    table.add_row("[red]head[/red]", "1")
    assert "[red]head[/red]" in printed(table) and "[bold]t" in printed(table)


def test_columns_that_do_not_fit_stand_below_with_the_names_repeated(monkeypatch):
    monkeypatch.setenv("COLUMNS", "24")
    table = Rows("sizes", ["model", "bytes", "gzip bytes"], ["bytes", "gzip bytes"])
    table.add_row("dense", "324,328,000", "292,356,000")
    lines = [line.split() for line in printed(table).splitlines()]
    assert [words for words in lines if words and words[0][0].isalpha()] == [
        ["sizes"],
        ["model", "bytes"],
        ["dense", "324,328,000"],
        ["model", "gzip", "bytes"],
        ["dense", "292,356,000"],
    ]


def test_a_note_appears_once():
    lines = noted([Note("a", "slow"), Note("b", "old"), Note("a", "slow")])
    assert [line.plain for line in lines] == ["note: a: slow", "note: b: old"]


def test_lines_are_kept_where_there_may_be_lines():
    assert visible("a\nb\x1b", lines=True) == "a\nb\\x1b"
    assert visible("a\nb") == "a\\nb"
    assert visible("Größe 大きさ") == "Größe 大きさ"


def test_json_with_hidden_characters_means_the_same():
    document = json.dumps({"name": HOSTILE}, ensure_ascii=False)
    assert json.loads(visible_json(document)) == {"name": HOSTILE}
    io.TextIOWrapper(io.BytesIO(), "utf-8").write(visible_json('"\ud800"'))
