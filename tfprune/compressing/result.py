"""CompressResult: what was reached, and everything that was tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfprune.compressing.floor import Bar
from tfprune.compressing.job import TriedFile
from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class CompressResult(Shown):
    """The network to ship, and all that were tried.

    Args:
        out: The run's folder; on top `model.tflite` with its golden sample, `model.keras`,
            `report.html`, `report.json`, `recipe.yaml`, and this result as `result.json`.
        best: The trial that these files are of.
        trials: All of them, in the order in which they were made.
        floor: The metric that decides, what the dense model has, and what had to be reached.
        history: For each trained network its start and its metrics before and after each epoch.
        notes: What a reader should know.
    """

    out: str
    best: TriedFile
    trials: tuple[TriedFile, ...]
    floor: Bar
    history: tuple[dict[str, Any], ...]
    notes: tuple[Note, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the best is right, within all budgets, and not below the floor."""
        return self.best.good

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.compressing.table import compress_table

        return compress_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return {"passed": self.passed, **asdict(self)}
