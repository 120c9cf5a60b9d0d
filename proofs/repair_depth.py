"""Repair after whole blocks went: a ResNet on CIFAR-10, before any training.

    python -m proofs.repair_depth [--depths 56] [--blocks 3 6 9] [--draws 1] [--test-images 2000]
                                  [--rows FILE] [--weights FOLDER]

For each network, number of blocks and draw of unlabelled training images: accuracy without the
blocks, after BatchNorm recalibration on those images, and by
`plan_layers(...).apply(repair_on=images)`. Each finished row is appended to a file, so that an
interrupted run goes on where it was. Writes docs/repair_depth.md. Where the weights are looked
for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs import resnets
from proofs.data import Images, cifar10
from proofs.repair import DOCS, SAMPLES, mean_and_range
from proofs.rows import append_row, read_rows
from proofs.training import accuracy, normalise
from tfprune.files import write_text

_HEAD = """# Repair after whole blocks went

Written by `python -m proofs.repair_depth`; the rows:
[measured/repair_depth.jsonl](measured/repair_depth.jsonl). Pretrained ResNets for CIFAR-10; the
blocks whose inputs and outputs are most alike go (`tfprune.plan_layers(model, n=...)`), found on
the same {samples} unlabelled training images that recalibrate and repair. Accuracy in per cent:
**cut** as `plan.apply()` returns it, **recalibrated** by `tfprune.recalibrate`, **repaired** by
`plan.apply(repair_on=images)`. CPU is of the whole repair, on a machine that others used too. No
network here was trained after pruning.

| network | blocks gone | draws | test images | dense | cut | recalibrated | repaired | CPU s |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True, kw_only=True)
class DepthRow:
    """One network without some blocks, before training; accuracies from 0 to 1."""

    network: str
    blocks: int
    draw: int
    test_images: int
    dense: float = 0.0
    cut: float = 0.0
    recalibrated: float = 0.0
    repaired: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.blocks, self.draw, self.test_images


def measure(dense: keras.Model, images: Images, asked: DepthRow) -> DepthRow:
    """Remove blocks as `asked` says and return it with what was measured."""
    test_x = normalise(images.test_x[: asked.test_images])
    test_y = images.test_y[: asked.test_images]
    drawn = np.random.default_rng(asked.draw).choice(len(images.train_x), SAMPLES, replace=False)
    unlabelled = normalise(images.train_x[drawn])
    plan = tfprune.plan_layers(dense, n=asked.blocks, data=unlabelled)
    cut = plan.apply()
    started = time.process_time()
    repaired = plan.apply(repair_on=unlabelled)
    seconds = time.process_time() - started
    return replace(
        asked,
        dense=accuracy(dense, test_x, test_y),
        cut=accuracy(cut, test_x, test_y),
        recalibrated=accuracy(tfprune.recalibrate(cut, unlabelled), test_x, test_y),
        repaired=accuracy(repaired, test_x, test_y),
        cpu_seconds=round(seconds, 1),
    )


def page(rows: list[DepthRow]) -> str:
    """Return docs/repair_depth.md."""
    cells: dict[tuple[Any, ...], list[DepthRow]] = {}
    for row in rows:
        cells.setdefault((row.network, row.blocks, row.test_images), []).append(row)
    lines = []
    for (network, blocks, count), found in sorted(cells.items()):
        shown = [
            mean_and_range([getattr(row, name) for row in found])
            for name in ("dense", "cut", "recalibrated", "repaired")
        ]
        seconds = max(row.cpu_seconds for row in found)
        lines.append(
            f"| {network} | {blocks} | {len(found)} | {count:,} | "
            f"{' | '.join(shown)} | {seconds:.0f} |"
        )
    return _HEAD.format(samples=SAMPLES) + "\n".join(lines) + "\n"


def main() -> int:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=int, nargs="+", default=[56])
    parser.add_argument("--blocks", type=int, nargs="+", default=[3, 6, 9])
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "repair_depth.jsonl")
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    known = {row.key for row in read_rows(arguments.rows, DepthRow)}
    for depth in arguments.depths:
        dense = resnets.pretrained(depth, arguments.weights)
        for blocks in arguments.blocks:
            for draw in range(arguments.draws):
                row = DepthRow(
                    network=dense.name,
                    blocks=blocks,
                    draw=draw,
                    test_images=arguments.test_images,
                )
                if row.key not in known:
                    measured = measure(dense, images, row)
                    append_row(arguments.rows, measured)
                    print(measured, flush=True)
    write_text(DOCS / "repair_depth.md", page(read_rows(arguments.rows, DepthRow)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
