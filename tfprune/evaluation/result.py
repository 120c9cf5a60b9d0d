"""What an evaluation returns; importing this imports nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tfprune.errors import PruneError, near
from tfprune.evaluation.classes import ClassRow
from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class Evaluation(Shown):
    """How right a model was.

    Args:
        subject: The file, or the name of the model.
        kind: `"tflite"` or `"keras"`.
        metrics: By name, as Keras names them, `"loss"` first if there is one; a metric of several
            numbers is a list.
        samples: How many were judged.
        per_class: Right and wrong by class, unweighted; () where outputs are no classes.
        notes: What was guessed, and what the numbers cannot show.
        runtime: What ran it, with its version.
        seconds: How long it took, loading included.

    Example:
        >>> result = Evaluation(subject="m", kind="keras", metrics={"accuracy": 0.5}, samples=4)
        >>> result["accuracy"], "auc" in result, list(result)
        (0.5, False, ['accuracy'])
    """

    subject: str
    kind: str
    metrics: dict[str, Any]
    samples: int
    per_class: tuple[ClassRow, ...] = ()
    notes: tuple[Note, ...] = ()
    runtime: str = ""
    seconds: float = 0.0

    def __getitem__(self, name: str) -> Any:
        if name not in self.metrics:
            asked = f"{name!r} of the evaluation of {self.subject}"
            found = f"it was not measured; there is {near(name, self.metrics) or 'nothing'}"
            raise PruneError(asked, found, f"evaluate with metrics=[{name!r}]")
        return self.metrics[name]

    def __contains__(self, name: object) -> bool:
        return name in self.metrics

    def __iter__(self) -> Iterator[str]:
        return iter(self.metrics)

    def keys(self) -> list[str]:
        """Return the names of the metrics, so that `dict(result)` is `result.metrics`."""
        return list(self.metrics)

    def worst(self, count: int = 10) -> list[ClassRow]:
        """Return the classes with the smallest share right, those without samples left out."""
        rows = [row for row in self.per_class if row.samples]
        return sorted(rows, key=lambda row: row.right / row.samples)[:count]

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.evaluation.table import evaluation_table

        return evaluation_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        classes = [
            {**asdict(row), "accuracy": row.accuracy, "precision": row.precision}
            | dict(zip(("low", "high"), row.interval, strict=True))
            for row in self.per_class
        ]
        return {**asdict(self), "per_class": classes}
