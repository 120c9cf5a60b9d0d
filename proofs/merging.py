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

import argparse
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs import resnets
from proofs.data import Images, cifar10
from proofs.repair import DOCS, SAMPLES
from proofs.rows import append_row, read_rows
from proofs.training import accuracy, normalise
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
    test_x = normalise(images.test_x[: asked.test_images])
    test_y = images.test_y[: asked.test_images]
    drawn = np.random.default_rng(asked.draw).choice(len(images.train_x), SAMPLES, replace=False)
    unlabelled = normalise(images.train_x[drawn])
    plan = tfprune.plan_structured(dense, 0.5, asked.criterion, target="macs", scope="global")
    small = plan.apply(merge=asked.merged)
    repaired = plan.apply(repair_on=unlabelled, merge=asked.merged)
    return replace(
        asked,
        sliced=accuracy(small, test_x, test_y),
        recalibrated=accuracy(tfprune.recalibrate(small, unlabelled), test_x, test_y),
        repaired=accuracy(repaired, test_x, test_y),
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=int, nargs="+", default=[20])
    parser.add_argument("--criteria", nargs="+", default=["l2"])
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "merging.jsonl")
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    known = {row.key for row in read_rows(arguments.rows, MergingRow)}
    for depth in arguments.depths:
        dense = resnets.pretrained(depth, arguments.weights)
        asked = [
            MergingRow(
                network=dense.name,
                criterion=criterion,
                merged=merged,
                draw=draw,
                test_images=arguments.test_images,
            )
            for criterion in arguments.criteria
            for draw in range(arguments.draws)
            for merged in (False, True)
        ]
        for row in (row for row in asked if row.key not in known):
            measured = measure(dense, images, row)
            append_row(arguments.rows, measured)
            print(measured, flush=True)
    write_text(DOCS / "merging.md", page(read_rows(arguments.rows, MergingRow)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
