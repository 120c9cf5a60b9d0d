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

import itertools
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import tfprune
from proofs.data import Images
from proofs.repair import mean_and_range
from proofs.untrained import DOCS, SAMPLES, go_on, parser_of, right_on, unlabelled
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
    right, x = right_on(images, asked.test_images), unlabelled(images, asked.draw)
    plan = tfprune.plan_layers(dense, n=asked.blocks, data=x)
    cut = plan.apply()
    started = time.process_time()
    repaired = plan.apply(repair_on=x)
    seconds = time.process_time() - started
    return replace(
        asked,
        dense=right(dense),
        cut=right(cut),
        recalibrated=right(tfprune.recalibrate(cut, x)),
        repaired=right(repaired),
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
    parser = parser_of(__doc__, [56], "repair_depth.jsonl")
    parser.add_argument("--blocks", type=int, nargs="+", default=[3, 6, 9])
    arguments = parser.parse_args()

    def asked(dense: keras.Model) -> Iterator[DepthRow]:
        for blocks, draw in itertools.product(arguments.blocks, range(arguments.draws)):
            count = arguments.test_images
            yield DepthRow(network=dense.name, blocks=blocks, draw=draw, test_images=count)

    write_text(DOCS / "repair_depth.md", page(go_on(arguments, DepthRow, asked, measure)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
