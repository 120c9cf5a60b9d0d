"""SweepResult: a row for each trial."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfprune.notes import Note
from tfprune.tables import Shown
from tfprune.trials import TrialOutcome


@dataclass(frozen=True)
class SweepResult(Shown):
    """What was found for each combination of values; `print` shows one row each.

    Args:
        rows: In the order of the values, whoever ended first.
        out: The folder of results; the same sweep there repeats nothing.
        notes: What a reader should know.
    """

    rows: tuple[TrialOutcome, ...]
    out: str
    notes: tuple[Note, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every trial ended well."""
        return not any(row.failure for row in self.rows)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from rich.console import Group
        from rich.text import Text

        from tfprune.tables import Rows, noted

        tried = list(dict.fromkeys(name for row in self.rows for name in row.values))
        found = list(dict.fromkeys(name for row in self.rows for name in row.record or ()))
        table = Rows(f"trials in {self.out}", [*tried, *found])
        for row in self.rows:
            record = row.record or {}
            cells = [row.values.get(name) for name in tried], [record.get(name) for name in found]
            table.add_row(*(_word(cell) for part in cells for cell in part))
        failed = [
            f"{', '.join(f'{name}={value}' for name, value in row.values.items())}: failed: "
            f"{row.failure} ({row.folder})"
            for row in self.rows
            if row.failure
        ]
        return Group(table, *map(Text, failed), *noted(self.notes))

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return {"passed": self.passed, **asdict(self)}


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
