"""Merging similar filters beside dropping the least: a ResNet on CIFAR-10, before any training.

    python -m proofs.merging [--depths 20] [--criteria l2] [--draws 1] [--test-images 2000]
                             [--rows FILE] [--weights FOLDER]

For each network, criterion and draw of unlabelled training images, at half the MACs: accuracy with
the filters dropped or merged, as the plan returns it, after BatchNorm recalibration on those
images, and repaired on them. Each finished row is appended to a file, so that an interrupted run
goes on where it was. Writes docs/merging.md. Where the weights are looked for:
python -m proofs.resnets --help.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import tfprune
from proofs.data import Images
from proofs.untrained import DOCS, SAMPLES, go_on, parser_of, right_on, unlabelled
from tfprune.files import write_text

_HEAD = """# Merging similar filters

Written by `python -m proofs.merging`; the rows: [measured/merging.jsonl](measured/merging.jsonl).
Pretrained ResNets for CIFAR-10 at half their multiply-accumulates; the criterion ranks globally and
says how many filters of each group stay. **dropped**: the others go; **merged**: similar ones
become one (`plan.apply(merge=True)`), as many as the plan says. Accuracy in per cent as the plan
returns it, **recalibrated** by `tfprune.recalibrate`, **repaired** by `repair_on=images`, the last
two on the same {samples} training images without labels. No network here was trained afterwards.

Merging is exact where filters are there twice (`tests/surgery/test_merging.py`); these networks
have no such filters, and merging loses more than dropping.

| network | criterion | draw | test images | filters | sliced | recalibrated | repaired |
|---|---|---:|---:|---|---:|---:|---:|
"""


@dataclass(frozen=True, kw_only=True)
class MergingRow:
    """One network with fewer filters, before training; accuracies from 0 to 1."""

    network: str
    criterion: str
    merged: bool
    draw: int
    test_images: int
    sliced: float = 0.0
    recalibrated: float = 0.0
    repaired: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.criterion, self.draw, self.test_images, self.merged


def measure(dense: keras.Model, images: Images, asked: MergingRow) -> MergingRow:
    """Prune as `asked` says and return it with what was measured."""
    right, x = right_on(images, asked.test_images), unlabelled(images, asked.draw)
    plan = tfprune.plan_structured(dense, 0.5, asked.criterion, target="macs", scope="global")
    small = plan.apply(merge=asked.merged)
    repaired = plan.apply(repair_on=x, merge=asked.merged)
    return replace(
        asked,
        sliced=right(small),
        recalibrated=right(tfprune.recalibrate(small, x)),
        repaired=right(repaired),
    )


def page(rows: list[MergingRow]) -> str:
    """Return docs/merging.md."""
    lines = []
    for row in sorted(rows, key=lambda row: row.key):
        shown = [f"{100 * share:.1f}" for share in (row.sliced, row.recalibrated, row.repaired)]
        how = "merged" if row.merged else "dropped"
        lines.append(
            f"| {row.network} | {row.criterion} | {row.draw} | {row.test_images:,} | {how} | "
            f"{' | '.join(shown)} |"
        )
    return _HEAD.format(samples=SAMPLES) + "\n".join(lines) + "\n"


def main() -> int:
    """Measure what is missing, and write the page."""
    parser = parser_of(__doc__, [20], "merging.jsonl")
    parser.add_argument("--criteria", nargs="+", default=["l2"])
    arguments = parser.parse_args()

    def asked(dense: keras.Model) -> Iterator[MergingRow]:
        draws = range(arguments.draws)
        for criterion, draw, merged in itertools.product(arguments.criteria, draws, (False, True)):
            yield MergingRow(
                network=dense.name,
                criterion=criterion,
                merged=merged,
                draw=draw,
                test_images=arguments.test_images,
            )

    write_text(DOCS / "merging.md", page(go_on(arguments, MergingRow, asked, measure)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
