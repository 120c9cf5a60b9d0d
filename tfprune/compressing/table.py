"""A compression as a table for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from tfprune.compressing.result import CompressResult
from tfprune.tables import noted, plain_table

if TYPE_CHECKING:
    from tfprune.compressing.rehearsing import Rehearsal

_SHARES = ("macs", "file_bytes", "gzip_bytes", "latency", "instructions", "peak_memory")


def compress_table(result: CompressResult) -> Group:
    """Return one row for each file, and what they say together."""
    metric = result.floor.metric
    names = [n for n in _SHARES if any(n in trial.usage for trial in result.trials)]
    columns = [metric, *(_column(name) for name in names)]
    table = plain_table("files of this run; 1.00 is the dense float32 file", "file", columns, "")
    for trial in result.trials:
        mark = "chosen, " if trial == result.best else ""
        costs = [_share(trial.usage.get(name)) for name in names]
        verdict = mark + trial.judgement
        table.add_row(trial.name, f"{trial.metrics[metric]:.4g}", *costs, verdict)
    return Group(table, Text(outcome(result)), *noted(result.notes))


def rehearsal_table(rehearsal: Rehearsal) -> Group:
    """Return the work of a run, how often and about how long."""
    table = plain_table("what would happen", "work", ["at most", "seconds each", "seconds"])
    for own in rehearsal.stretches:
        total = own.times * own.seconds
        table.add_row(own.what, f"{own.times} times", f"{own.seconds:.1f}", f"{total:.0f}")
    whole = Text(f"at most about {_duration(rehearsal.seconds)} on this machine")
    return Group(*map(Text, rehearsal.facts), table, whole, *noted(rehearsal.notes))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _column(name: str) -> str:
    words = {"macs": "MACs", "file_bytes": "bytes", "gzip_bytes": "gzip"}
    return words.get(name, name.replace("_", " "))


def outcome(result: CompressResult) -> str:
    """Return what was reached, and what not, in a sentence."""
    best, bar = result.best, result.floor
    drop = bar.drop(best.metrics)
    change = f"{bar.metric} {best.metrics[bar.metric]:.4g} ({-drop:+.4g} to dense)"
    if bar.lower:
        change = f"{bar.metric} {best.metrics[bar.metric]:.4g} ({drop:+.4g} to dense)"
    speed = best.usage.get("latency")
    faster = "" if speed is None else f", {1 / speed:.2f}x as fast"
    size = f"{1 / best.usage['file_bytes']:.2f}x smaller"
    start = f"{best.name}: {size}{faster}, {change}"
    if result.passed:
        return f"reached: {start}"
    missing = [_missed(name, over) for name, over in best.over.items()]
    if not best.passed:
        missing.append(f"the floor of {bar.least:.4g}")
    if not best.verified:
        missing.append("it does not compute what Keras computes")
    met = [t for t in result.trials if not t.over and t.verified]
    other = ""
    if best.over and met:
        nearest = bar.best(met, lambda trial: trial.metrics)
        value = f"{bar.metric} {nearest.metrics[bar.metric]:.4g}"
        other = f"; within the budget is {nearest.name}, with {value}"
    return f"best effort: {start}; missed: {', '.join(missing)}{other}"


def _missed(name: str, over: float) -> str:
    return f"{name} (unknown)" if math.isinf(over) else f"{name} by {100 * (over - 1):.0f} %"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
