"""Instruction counts as tables for the terminal."""

from __future__ import annotations

from collections import Counter

from rich.console import Group
from rich.text import Text

from tfprune.bench.instructions import InstructionResult
from tfprune.tables import Rows, noted, plain_table, wording

_SHOWN = 0.001
"""The share of a model's instructions from which on a kernel has a line of its own."""


def instructions_table(result: InstructionResult) -> Group:
    """Return what one inference of each model executes, the first being the baseline."""
    table = plain_table(
        f"{result.cpu}, {result.kind}",
        "model",
        ["bytes", "gzip bytes", "instructions", "ratio"],
        "stored",
    )
    for row in result.rows:
        table.add_row(
            row.label,
            wording.count(row.bytes),
            wording.count(row.gzip_bytes),
            wording.count(row.instructions),
            wording.ratio(row.ratio),
            "sparse" if row.sparse else "dense",
        )
    facts = "; ".join(f"{name}: {value}" for name, value in result.settings.items())
    return Group(table, _kernels(result), Text(facts), *noted(result.notes))


def _kernels(result: InstructionResult) -> Rows:
    """Return a line for each kernel that matters in some model, the costliest first."""
    labels = [row.label for row in result.rows]
    table = plain_table("instructions by microkernel of XNNPACK, or library", "kernel", labels)
    together: Counter[str] = Counter()
    for row in result.rows:
        together.update(row.kernels)
    shown = {
        name
        for row in result.rows
        for name, count in row.kernels.items()
        if count >= _SHOWN * row.instructions
    }
    for name, _ in together.most_common():
        if name in shown:
            table.add_row(name, *(wording.count(row.kernels.get(name)) for row in result.rows))
    rest = [sum(n for name, n in row.kernels.items() if name not in shown) for row in result.rows]
    if any(rest):
        table.add_row("less than 0.1 % each", *map(wording.count, rest))
    return table
