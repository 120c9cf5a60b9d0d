"""What became of each kernel when zeros were made at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune.notes import Note
from tfprune.tables import Shown

REFITTED = "refitted"


@dataclass(frozen=True, kw_only=True)
class OnceRow:
    """What became of one kernel.

    Args:
        kernel: Its name.
        shape: Its shape.
        weights: How many weights it has.
        zeros: How many of them are zero now.
        rule: What was planned, None if it was left alone.
        reason: How the zeros were made, or why there are none.
    """

    kernel: str
    shape: tuple[int, ...]
    weights: int
    zeros: int
    rule: str | None
    reason: str


@dataclass(frozen=True)
class PrunedOnce(Shown):
    """A model with zeros, and a row for each kernel; `print` shows them.

    Args:
        model: Plain Keras, weights of its own, compiled as the pruned one is.
        rows: In the model's order.
        notes: What could not be repaired, and why.
    """

    model: Any = field(repr=False)
    rows: Sequence[OnceRow]
    notes: Sequence[Note] = ()

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from rich.console import Group

        from tfprune.tables import noted, plain_table, wording

        table = plain_table(
            f"zeros of {self.model.name}", "kernel", ["weights", "zeros", "share"], "how"
        )
        for row in self.rows:
            planned = "left alone" if row.rule is None else row.rule
            table.add_row(
                row.kernel,
                wording.count(row.weights),
                wording.count(row.zeros),
                wording.percent(row.zeros / max(row.weights, 1)),
                f"{planned}: {row.reason}",
            )
        return Group(table, *noted(self.notes))

    def to_dict(self) -> dict[str, Any]:
        """Return rows and notes as a JSON-ready dictionary."""
        return {
            "kernels": [asdict(row) for row in self.rows],
            "notes": [asdict(note) for note in self.notes],
        }
