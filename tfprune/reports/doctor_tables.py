"""A diagnosis as tables for the terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tfprune.reports import wording

if TYPE_CHECKING:
    from tfprune.diagnosis import Diagnosis, Finding

_COLOURS = {"safe": "green", "dense": "yellow", "unsafe": "red", "unknown": "red"}
_MOST_OF_A_RULE = 6


def doctor_table(diagnosis: Diagnosis, ops: bool = False) -> Group:
    """Return the verdict on each target, the kernels, and the findings with their fixes.

    Args:
        diagnosis: What the doctor said.
        ops: Whether to list every op with the kernel that runs it.
    """
    facts = (
        f"{wording.count(diagnosis.bytes)} bytes, loads from TensorFlow Lite {diagnosis.runtime}"
    )
    parts: list[Any] = [_verdicts(diagnosis), _kernels(diagnosis)]
    if ops:
        parts.append(_ops(diagnosis))
    for rule in dict.fromkeys(finding.rule for finding in diagnosis.findings):
        parts += _lines([finding for finding in diagnosis.findings if finding.rule == rule])
    return Group(*parts, Text(facts))


def _verdicts(diagnosis: Diagnosis) -> Table:
    table = _table(diagnosis.subject, "target", "verdict", "why")
    for verdict in diagnosis.verdicts:
        colour = _COLOURS[verdict.verdict]
        word = f"[{colour}]{verdict.verdict}[/]"
        table.add_row(verdict.target, word, escape(verdict.reason))
    return table


def _kernels(diagnosis: Diagnosis) -> Table:
    """Count the ops by the kernels that run them."""
    kinds = Counter(kind for op in diagnosis.ops for kind in op.kernels.values())
    order = ["sparse", "int8", "fp16", "fp32", "builtin", "at load"]
    columns = [kind for kind in order if kind in kinds]
    table = _table("ops by kernel", "target", *columns)
    for verdict in diagnosis.verdicts:
        found = Counter(op.kernels[verdict.target] for op in diagnosis.ops)
        table.add_row(verdict.target, *(str(found[kind]) for kind in columns))
    return table


def _ops(diagnosis: Diagnosis) -> Table:
    targets = [verdict.target for verdict in diagnosis.verdicts]
    table = _table("", "op", *targets, "computes")
    for op in diagnosis.ops:
        kernels = (op.kernels[target] for target in targets)
        table.add_row(op.op, *kernels, escape(op.name))
    return table


def _lines(findings: list[Finding]) -> list[Text]:
    """Return the findings under one rule, with its fix and its source once."""
    lines = [f"\N{BULLET} {finding}" for finding in findings[:_MOST_OF_A_RULE]]
    if len(findings) > _MOST_OF_A_RULE:
        lines.append(f"\N{BULLET} {len(findings) - _MOST_OF_A_RULE} more like these: see --json")
    return [
        *map(Text, lines),
        Text(f"  fix: {findings[0].fix}"),
        Text(f"  see: {findings[0].source}"),
    ]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
