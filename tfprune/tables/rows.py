"""A table of names and numbers that stays whole where there is little room."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from tfprune.notes import Note
from tfprune.tables.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

Cell = str | Text
_WORDS = 16  # columns that words are given before a table counts as too narrow for them
_BETWEEN, _EDGES = 3, 2  # what rich puts between two columns and around a table in `SIMPLE_HEAD`


class Rows:
    """Rows of cells under names of columns, for rich to print.

    Numbers are never cut or broken. Where not all columns fit side by side, they continue in
    another table below, the names of the rows repeated.

    Args:
        title: What stands above; nothing if empty.
        columns: Their names, the first being that of the row.
        numbers: Which of them hold numbers; they stand at the right.
    """

    def __init__(self, title: str, columns: Sequence[str], numbers: Iterable[str] = ()) -> None:
        self.title = visible(title)
        self.columns = [visible(name) for name in columns]
        self.numbers = {visible(name) for name in numbers}
        self.rows: list[list[Text]] = []

    def add_row(self, *cells: Cell) -> None:
        """Add the cells of a row, one for each column."""
        self.rows.append([_text(cell) for cell in cells])

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        title = self.title
        for shown in self._pages(options.max_width):
            yield self._table(title, shown)
            title = ""

    def _pages(self, width: int) -> Iterator[list[int]]:
        """Yield the columns that stand beside that of names, as many as fit at a time."""
        least = [self._least_width(column) for column in range(len(self.columns))]
        page, taken = [0], least[0] + _EDGES
        for column in range(1, len(least)):
            if len(page) > 1 and taken + _BETWEEN + least[column] > width:
                yield page
                page, taken = [0], least[0] + _EDGES
            page.append(column)
            taken += _BETWEEN + least[column]
        yield page

    def _least_width(self, column: int) -> int:
        name = self.columns[column]
        width = max([cell_len(name), *(row[column].cell_len for row in self.rows)])
        return width if name in self.numbers else min(width, _WORDS)

    def _table(self, title: str, shown: Sequence[int]) -> Table:
        table = Table(
            title=Text(title) if title else None,
            box=box.SIMPLE_HEAD,
            title_justify="left",
            pad_edge=False,
        )
        for column in shown:
            name = self.columns[column]
            if name in self.numbers:
                table.add_column(Text(name), justify="right", no_wrap=True)
            else:
                table.add_column(Text(name), overflow="fold")
        for row in self.rows:
            table.add_row(*(row[column] for column in shown))
        return table


def plain_table(title: str, first: str, numbers: Sequence[str], last: str | None = None) -> Rows:
    """Return an empty table: a column of names, columns of numbers, and perhaps one of words."""
    return Rows(title, [first, *numbers, *([last] if last is not None else [])], numbers)


def noted(notes: Iterable[Note]) -> list[Text]:
    """Return a line for each note; what was noted twice is said once."""
    return [Text(f"note: {note}") for note in dict.fromkeys(notes)]


def _text(cell: Cell) -> Text:
    return cell if isinstance(cell, Text) else Text(visible(cell))
