"""A diagnosis as tables for the terminal."""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Group
from rich.text import Text

from tfprune.diagnosis.records import Diagnosis, Finding
from tfprune.tables import Rows, plain_table, wording

_COLOURS = {"safe": "green", "dense": "yellow"}  # the others are red
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


def _verdicts(diagnosis: Diagnosis) -> Rows:
    table = Rows(diagnosis.subject, ["target", "verdict", "why"])
    for verdict in diagnosis.verdicts:
        word = Text(verdict.verdict, _COLOURS.get(verdict.verdict, "red"))
        table.add_row(verdict.target, word, verdict.reason)
    return table


def _kernels(diagnosis: Diagnosis) -> Rows:
    """Count the ops by the kernels that run them."""
    kinds = Counter(kind for op in diagnosis.ops for kind in op.kernels.values())
    order = ["sparse", "int8", "fp16", "fp32", "builtin", "at load"]
    columns = [kind for kind in order if kind in kinds]
    table = plain_table("ops by kernel", "target", columns)
    for verdict in diagnosis.verdicts:
        found = Counter(op.kernels[verdict.target] for op in diagnosis.ops)
        table.add_row(verdict.target, *(str(found[kind]) for kind in columns))
    return table


def _ops(diagnosis: Diagnosis) -> Rows:
    targets = [verdict.target for verdict in diagnosis.verdicts]
    table = Rows("", ["op", *targets, "computes"], targets)
    for op in diagnosis.ops:
        kernels = (op.kernels[target] for target in targets)
        table.add_row(op.op, *kernels, op.name)
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
