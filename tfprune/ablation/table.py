"""What int8 costs layer by layer, as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.text import Text

from tfprune.ablation.result import LayerError, QuantizationErrors
from tfprune.tables import Rows, noted, plain_table, wording

_MOST_NAMES = 6


def quantization_errors_table(found: QuantizationErrors) -> Group:
    """Return the layers, the worst first, the lists of layers that were tried, and the advice."""
    measured = [row for row in found.rows if row.error is not None]
    parts: list[Any] = [_layers(found, measured)]
    parts += [_trials(found)] * bool(found.trials)
    if found.suggestion:
        parts.append(Text(f"suggestion: keep_float={list(found.suggestion)!r}"))
    parts += noted(found.notes)
    others = [row for row in found.rows if row.error is None]
    facts = f"outputs compared with float on {found.samples} samples, by root mean square"
    return Group(*parts, *_unmeasured(others), Text(facts))


def _layers(found: QuantizationErrors, rows: list[LayerError]) -> Rows:
    title = f"{found.subject}: what each layer alone in int8 does to the output"
    columns = ["error", "SQNR dB", "weights", "activations"]
    table = plain_table(title, "layer", columns, "op")
    for row in rows:
        rest = None if row.from_weights is None else 1 - row.from_weights
        reason = f"; {row.reason}" if row.reason else ""
        table.add_row(
            row.layer,
            wording.percent(row.error, 2),
            wording.NOTHING if row.sqnr_db is None else f"{row.sqnr_db:.1f}",
            wording.percent(row.from_weights, 0),
            wording.percent(rest, 0),
            row.ops + reason,
        )
    return table


def _trials(found: QuantizationErrors) -> Rows:
    table = plain_table("int8, the worst layers float", "float", ["error", "bytes"])
    table.add_row("none", wording.percent(found.error, 2), wording.count(found.bytes))
    for trial in found.trials:
        names = ("and " if len(trial.layers) > 1 else "") + trial.layers[-1]
        table.add_row(names, wording.percent(trial.error, 2), wording.count(trial.bytes))
    return table


def _unmeasured(rows: list[LayerError]) -> list[Text]:
    """Return one line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for row in rows:
        by_reason.setdefault(row.reason, []).append(row.layer)
    lines = []
    for reason, names in by_reason.items():
        more = len(names) - _MOST_NAMES
        words = ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
        lines.append(Text(f"not measured: {words}: {reason}"))
    return lines
