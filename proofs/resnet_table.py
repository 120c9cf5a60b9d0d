"""The rows of proofs.resnet_pruning: reading them again, and the page they make."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune.files import write_text

_STAGES = ("pruned", "recalibrated", "fine_tuned")
_JUDGED = {"recalibrated": "recalibrated", "fine_tuned": "trained"}

_HEAD = """# Pruning ResNet-20 and ResNet-56 on CIFAR-10

Written by `python -m proofs.resnet_pruning`. Accuracy in per cent on all 10,000 test images (95 %
of such measurements lie within 0.6 points): **after pruning → after BatchNorm recalibration →
after one epoch of training**, `-` where that was not run. The columns say how many times fewer
multiply-accumulates remain; the count is `proofs/counting.py`, not tfprune's own. Random is the
mean of {seeds} seeds (of one, where it was trained).

A criterion that uses no data has to guess how the scales of different layers compare. `l1`, `l2`
and `fpgm` are divided by their mean in each layer; `bn_scale` and `lamp` are compared as they are,
as their papers do. On ResNet-20 both lose: scales that were not trained to be sparse tell little,
and a LAMP score is a share in its layer, so smallest in the wide late layers, which hold many
parameters and few multiply-accumulates. More must go until those have fallen: see the parameters
that are left. On ResNet-56, which has more to spare, `bn_scale` is above `l1`, `lamp` only at 3x.
`taylor` and `fisher` estimate what a unit's removal does to the loss and divide it by the
multiply-accumulates that it saves; `relevance` does so with the logit of the class that the
network answers, and reads no labels.
"""


@dataclass(frozen=True)
class Row:
    """One pruned network and what was measured on it.

    Args:
        network: "resnet20".
        scope, criterion, seed: How the channels were ranked.
        target: How many times fewer multiply-accumulates were asked for.
        fewer: How many times fewer they are.
        pruned, recalibrated, fine_tuned: Accuracy, 0 to 1, after each step.
    """

    network: str
    scope: str
    criterion: str
    target: float
    seed: int = 0
    parameters: int = 0
    macs: int = 0
    fewer: float = 0.0
    pruned: float | None = None
    recalibrated: float | None = None
    fine_tuned: float | None = None
    seconds: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.scope, self.criterion, self.target, self.seed

    def __str__(self) -> str:
        asked = f"{self.network} {self.scope} {self.criterion} seed {self.seed} {self.target:g}x"
        return f"{asked} (got {self.fewer:.2f}x): {_cell([self])}, {self.seconds:.0f} s"


def write_table(rows: list[Row], path: Path) -> None:
    """Write one markdown table for each network and scope."""
    seeds = len({row.seed for row in rows if row.criterion == "random"})
    parts = [_HEAD.format(seeds=seeds)]
    for network in _ordered(row.network for row in rows):
        of_network = [row for row in rows if row.network == network]
        parts.append(f"## {network.replace('resnet', 'ResNet-')}\n")
        for dense in (row for row in of_network if row.criterion == "dense"):
            parts.append(
                f"Dense: {dense.parameters:,} parameters, {dense.macs:,} multiply-accumulates, "
                f"accuracy {_cell([dense])}.\n"
            )
        for scope in _ordered(row.scope for row in of_network if row.criterion != "dense"):
            parts.append(_table(scope, [row for row in of_network if row.scope == scope]))
    write_text(path, "\n".join(parts))


def _table(scope: str, rows: list[Row]) -> str:
    targets = sorted({row.target for row in rows})
    lines = [
        f"| {scope} ranking | " + " | ".join(f"{target:g}x" for target in targets) + " |",
        "|---" * (len(targets) + 1) + "|",
    ]
    for criterion in _ordered(row.criterion for row in rows):
        of_criterion = [row for row in rows if row.criterion == criterion]
        cells = [_cell([r for r in of_criterion if r.target == target]) for target in targets]
        lines.append(f"| {criterion} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", *_verdicts(rows, targets), *_left(rows, targets), ""])


def _verdicts(rows: list[Row], targets: list[float]) -> list[str]:
    """Say which criteria beat both baselines after recalibration, and after training."""
    lines = []
    for target, (stage, words) in itertools.product(targets, _JUDGED.items()):
        scores = {
            criterion: _mean(
                [r for r in rows if (r.criterion, r.target) == (criterion, target)], stage
            )
            for criterion in _ordered(row.criterion for row in rows)
        }
        baselines = [scores.pop(name) for name in ("random", "l1") if scores.get(name)]
        known = {name: score for name, score in scores.items() if score}
        if len(baselines) == 2 and known:
            better = [name for name, score in known.items() if score > max(baselines)]
            lines.append(
                f"- {target:g}x, {words}: better than random and l1: "
                f"{', '.join(better) or 'none'} (of {len(known)})."
            )
    return lines


def _left(rows: list[Row], targets: list[float]) -> list[str]:
    """Say how many parameters each criterion leaves."""
    lines = []
    for target in targets:
        of_target = [row for row in rows if row.target == target]
        left = {
            name: statistics.mean(r.parameters for r in of_target if r.criterion == name)
            for name in _ordered(row.criterion for row in of_target)
        }
        parts = ", ".join(f"{name} {count:,.0f}" for name, count in left.items())
        lines.append(f"- {target:g}x, parameters left: {parts}.")
    return lines


def _mean(rows: list[Row], stage: str) -> float | None:
    values = [value for row in rows if (value := getattr(row, stage)) is not None]
    return statistics.mean(values) if values else None


def _cell(rows: list[Row]) -> str:
    values = [[v for row in rows if (v := getattr(row, stage)) is not None] for stage in _STAGES]
    return " → ".join(f"{100 * statistics.mean(v):.1f}" if v else "-" for v in values)


def _ordered(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
