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

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import tfprune
from proofs.data import Images
from proofs.repair import mean_and_range
from proofs.untrained import DOCS, SAMPLES, go_on, parser_of, right_on, unlabelled
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
Draw 0 was measured before repair anchored BatchNorm and halved its CPU time; later ones while other
measurements shared the core, which lengthens CPU seconds.

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
    right, x = right_on(images, asked.test_images), unlabelled(images, asked.draw)
    pattern = PATTERNS[asked.pattern]
    sparsity = None if isinstance(pattern, NM) else asked.sparsity
    magnitude = tfprune.prune_once(dense, sparsity, pattern)
    started = time.process_time()
    refitted = tfprune.prune_once(dense, sparsity, pattern, repair_on=x)
    seconds = time.process_time() - started
    return Row(
        *asked.key,
        dense=right(dense),
        magnitude=right(magnitude),
        recalibrated=right(tfprune.recalibrate(magnitude, x)),
        refitted=right(refitted),
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
    parser = parser_of(__doc__, [20], "once.jsonl")
    parser.add_argument("--sparsity", type=float, nargs="+", default=[0.5, 0.7, 0.8, 0.9])
    parser.add_argument("--patterns", nargs="+", choices=PATTERNS, default=list(PATTERNS))
    arguments = parser.parse_args()

    def asked(dense: keras.Model) -> Iterator[Row]:
        for draw in range(arguments.draws):
            for sparsity in arguments.sparsity:
                for pattern in arguments.patterns:
                    share = PATTERNS[pattern].fixed_sparsity or sparsity
                    yield Row(dense.name, pattern, share, draw, arguments.test_images)

    write_text(DOCS / "once.md", page(go_on(arguments, Row, asked, measure)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
