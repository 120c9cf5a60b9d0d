"""A comparison as a table for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from tfprune.reports.comparison import Comparison
from tfprune.reports.losing import ClassLoss, class_losses
from tfprune.reports.tables import number_notes
from tfprune.tables import noted, plain_table, wording


def comparison_table(record: Comparison) -> Group:
    """Return a line for each model, the classes that lose most, and the notes below."""
    columns = ["samples", "params", "MACs", "zeros", "file bytes", "gzip bytes", "median ms"]
    columns += ["ratio", "phone ms", "instructions", "peak memory", "energy"]
    table = plain_table(record.title, "model", [record.metric or "metric", *columns], "doctor")
    for model in record.models:
        table.add_row(
            model.label,
            wording.metric(record.value(model)),
            wording.count(model.samples),
            wording.count(model.params),
            wording.amount(model.macs),
            wording.percent(model.sparsity),
            wording.count(model.bytes),
            wording.count(model.gzip_bytes),
            wording.milliseconds(model.median_ms),
            wording.ratio(model.ratio),
            wording.milliseconds(model.phone_ms),
            wording.count(model.instructions),
            wording.size(model.peak_memory_bytes),
            wording.microjoules(model.energy[0].total_uj if model.energy else None),
            model.verdict or wording.NOTHING,
        )
    parts: list[Any] = [table, *_losing(class_losses(record))]
    if any(model.energy for model in record.models):
        parts.append(Text("energy: an estimate by published numbers of 45 nm, no measurement"))
    numbers = number_notes(record.models)
    parts += [Text(f"{number} {note}") for note, number in numbers.items()]
    return Group(*parts, *noted(record.notes))


def _losing(losses: list[ClassLoss]) -> list[Any]:
    if not losses:
        return []
    table = plain_table("classes that lose most", "class", ["before", "after", "points"], "model")
    for loss in losses:
        table.add_row(
            loss.after.label,
            f"{wording.count(loss.before.right)} of {wording.count(loss.before.samples)}",
            f"{wording.count(loss.after.right)} of {wording.count(loss.after.samples)}",
            wording.points(loss.change),
            f"{loss.model}{'' if loss.clear else ' (chance may explain it)'}",
        )
    return [table]
