"""An evaluation as tables."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from tfprune.evaluation.classes import ClassRow, wilson
from tfprune.evaluation.result import Evaluation
from tfprune.tables import Rows, noted, plain_table, wording

_MOST = 12


def evaluation_table(result: Evaluation) -> Group:
    """Return the metrics, and the classes with the smallest share right."""
    title = f"{result.subject}: {wording.count(result.samples)} samples"
    table = plain_table(title, "metric", ["value"], "95 % of chance")
    for name, value in result.metrics.items():
        table.add_row(name, _number(value), _chance(name, value, result))
    parts: list[Any] = [table]
    outputs = dict.fromkeys(row.output for row in result.per_class)
    for output in outputs:
        rows = [row for row in result.per_class if row.output == output]
        parts.append(_classes(output, rows))
        if len(rows) > _MOST:
            parts.append(Text(f"the {_MOST} with the smallest share of {len(rows)} classes"))
    took = f"{result.runtime}: {result.seconds:.1f} s, loading included"
    return Group(*parts, Text(took), *noted(result.notes))


def _classes(output: str, rows: list[ClassRow]) -> Rows:
    title = f"classes of {output}" if output else "classes"
    columns = ["samples", "right", "share right", "95 %", "precision"]
    table = plain_table(title, "class", columns)
    shown = sorted(rows, key=lambda row: 2.0 if row.accuracy is None else row.accuracy)[:_MOST]
    for row in shown:
        table.add_row(
            row.label,
            wording.count(row.samples),
            wording.count(row.right),
            wording.percent(row.accuracy),
            interval(row.interval) if row.samples else wording.NOTHING,
            wording.percent(row.precision),
        )
    return table


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _chance(name: str, value: Any, result: Evaluation) -> str:
    """Return the interval of a share that the counts by class confirm, else nothing."""
    counted = [row for row in result.per_class if name in (f"{row.output}_accuracy", "accuracy")]
    counted = [row for row in counted if name == "accuracy" or row.output]
    samples, right = sum(row.samples for row in counted), sum(row.right for row in counted)
    if not samples or not isinstance(value, float) or abs(right / samples - value) > 1e-6:
        return wording.NOTHING
    return interval(wilson(right, samples))


def interval(ends: tuple[float, float]) -> str:
    """Return an interval of shares in percent.

    Example:
        >>> interval((0.49, 0.943))
        '49.0 to 94.3 %'
    """
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f} %"
