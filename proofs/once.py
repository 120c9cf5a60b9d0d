"""Zeros without training: ResNets on CIFAR-10, magnitude beside `prune_once`.

    python -m proofs.once [--depths 20] [--sparsity 0.5 0.7 0.8 0.9] [--patterns 1x1 1x2 2:4]
                          [--draws 1] [--test-images 2000] [--rows FILE] [--weights FOLDER]

For each network, pattern, sparsity and draw of unlabelled training images: accuracy with the
smallest weights zero, the same after BatchNorm recalibration on those images, and by
`tfprune.prune_once(..., repair_on=images)`, with its CPU seconds. Each finished row is appended to
a file, so that an interrupted run goes on where it was. Writes docs/once.md. Where the weights are
looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
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
from tfprune.patterns import NM, Block, Pattern

PATTERNS: dict[str, Pattern] = {"1x1": Block(), "1x2": Block((1, 2)), "2:4": NM(2, 4)}
_HEAD = """# Zeros without training

Written by `python -m proofs.once`; the rows: [measured/once.jsonl](measured/once.jsonl).
Pretrained ResNets for CIFAR-10; the first convolution, too, and the last Dense get their zeros.
Accuracy in per cent: **dense** before; **magnitude** with the smallest weights of each kernel zero
(`tfprune.prune_once` without data); **recalibrated** the same after `tfprune.recalibrate`;
**refitted** by `tfprune.prune_once(..., repair_on=images)`, the last two on the same {samples}
training images without labels. Mean over the draws of those images, and the smallest and largest
where there are several. 2:4 is `NM(2, 4)`, for which 3 input channels are too few: the first
convolution stays dense. CPU is of the whole call, on a machine that others used too. No network
here was trained after pruning.
Rows of draw 0 were measured before repair anchored BatchNorm and halved its CPU time.

| network | pattern | zeros | draws | images | dense | magnitude | recalibrated | refitted | CPU s |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Row:
    """One network with zeros before training; accuracies from 0 to 1."""

    network: str
    pattern: str
    sparsity: float
    draw: int
    test_images: int
    dense: float = 0.0
    magnitude: float = 0.0
    recalibrated: float = 0.0
    refitted: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.pattern, self.sparsity, self.draw, self.test_images


def measure(dense: keras.Model, images: Images, asked: Row) -> Row:
    """Make zeros as `asked` says and return it with what was measured."""
    test_x = normalise(images.test_x[: asked.test_images])
    test_y = images.test_y[: asked.test_images]
    drawn = np.random.default_rng(asked.draw).choice(len(images.train_x), SAMPLES, replace=False)
    unlabelled = normalise(images.train_x[drawn])
    pattern = PATTERNS[asked.pattern]
    sparsity = None if isinstance(pattern, NM) else asked.sparsity
    magnitude = tfprune.prune_once(dense, sparsity, pattern)
    started = time.process_time()
    refitted = tfprune.prune_once(dense, sparsity, pattern, repair_on=unlabelled)
    seconds = time.process_time() - started
    return Row(
        *asked.key,
        dense=accuracy(dense, test_x, test_y),
        magnitude=accuracy(magnitude, test_x, test_y),
        recalibrated=accuracy(tfprune.recalibrate(magnitude, unlabelled), test_x, test_y),
        refitted=accuracy(refitted, test_x, test_y),
        cpu_seconds=round(seconds, 1),
    )


def page(rows: list[Row]) -> str:
    """Return docs/once.md."""
    cells: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        cells.setdefault((row.network, row.pattern, row.sparsity, row.test_images), []).append(row)
    lines = []
    for (network, pattern, sparsity, count), found in sorted(cells.items()):
        shown = [
            mean_and_range([getattr(row, name) for row in found])
            for name in ("dense", "magnitude", "recalibrated", "refitted")
        ]
        seconds = max(row.cpu_seconds for row in found)
        lines.append(
            f"| {network} | {pattern} | {sparsity:.0%} | {len(found)} | {count:,} | "
            f"{' | '.join(shown)} | {seconds:.0f} |"
        )
    return _HEAD.format(samples=SAMPLES) + "\n".join(lines) + "\n"


def main() -> int:
    """Measure what is missing, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=int, nargs="+", default=[20])
    parser.add_argument("--sparsity", type=float, nargs="+", default=[0.5, 0.7, 0.8, 0.9])
    parser.add_argument("--patterns", nargs="+", choices=PATTERNS, default=list(PATTERNS))
    parser.add_argument("--draws", type=int, default=1)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "once.jsonl")
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    known = {row.key for row in read_rows(arguments.rows, Row)}
    for depth in arguments.depths:
        dense = resnets.pretrained(depth, arguments.weights)
        asked = {
            row.key: row
            for draw in range(arguments.draws)
            for sparsity in arguments.sparsity
            for pattern in arguments.patterns
            for fixed in [PATTERNS[pattern].fixed_sparsity]
            for row in [Row(dense.name, pattern, fixed or sparsity, draw, arguments.test_images)]
        }
        for row in (row for key, row in asked.items() if key not in known):
            measured = measure(dense, images, row)
            append_row(arguments.rows, measured)
            print(measured, flush=True)
    write_text(DOCS / "once.md", page(read_rows(arguments.rows, Row)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
