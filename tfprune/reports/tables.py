"""A run as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from rich.console import Group
from rich.text import Text

from tfprune.reports.record import RunReport
from tfprune.tables import plain_table, wording


class Noted(Protocol):
    """A row with notes."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""


def summary_table(report: RunReport) -> Group:
    """Return the table of a run: a line for each model, and its notes below, numbered."""
    table = plain_table(
        report.title,
        "model",
        ["accuracy", "sparsity", ".tflite bytes", "gzip bytes", "median ms", "p10 to p90", "ratio"],
        "notes",
    )
    numbers = number_notes(report.models)
    for model in report.models:
        table.add_row(
            model.label,
            wording.percent(model.accuracy),
            wording.percent(model.sparsity),
            wording.count(model.bytes),
            wording.count(model.gzip_bytes),
            wording.milliseconds(model.median_ms),
            wording.spread(model.p10_ms, model.p90_ms),
            wording.ratio(model.ratio),
            " ".join(str(numbers[note]) for note in model.notes),
        )
    footnotes = [Text(f"{number} {note}") for note, number in numbers.items()]
    return Group(table, *footnotes)


def number_notes(models: Iterable[Noted]) -> dict[str, int]:
    """Return each different note with the number it bears, in the order of appearance.

    Example:
        >>> from tfprune.reports.comparison import ReportedModel
        >>> number_notes([ReportedModel(label="a", notes=("slow", "old"))])
        {'slow': 1, 'old': 2}
    """
    notes = dict.fromkeys(note for model in models for note in model.notes)
    return {note: number for number, note in enumerate(notes, 1)}
