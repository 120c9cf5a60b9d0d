"""Repair beside Torch-Pruning: the same pretrained ResNet, the same MACs, the same training.

    python -m proofs.repair_peers FOLDER [--depth 56] [--target 2] [--seeds 3]

Without FOLDER only the page is written. FOLDER holds what `proofs/torch_side.py` has left there, in
another environment, with the images that `--images FILE.npz` of this program writes. Each of its
networks is scored as it is and with BatchNorm recalibrated; the best of them and tfprune's are
trained for an epoch. tfprune prunes what it can (`taylor`, all filters), and the filters within
blocks only, as Torch-Pruning does.
Rows: docs/measured/repair_peers.jsonl. Writes docs/repair_peers.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs import resnets
from proofs.counting import count_macs
from proofs.data import Images, cifar10
from proofs.repair import SCORED_IMAGES, mean_and_range, planned
from proofs.repair_training import Trained, train_start
from proofs.rows import append_row, read_rows
from proofs.training import compile_for, normalise
from proofs.untrained import DOCS, right_on, unlabelled
from tfprune.files import write_text

_HEAD = """# Repair beside Torch-Pruning

Written by `python -m proofs.repair_peers`; the rows:
[measured/repair_peers.jsonl](measured/repair_peers.jsonl). The same pretrained ResNets for
CIFAR-10 in PyTorch and in Keras, pruned to the same multiply-accumulates by Torch-Pruning 1.6.1
(`proofs/torch_side.py`) and by tfprune, the units judged on the same 512 training images where the
importance looks at any. Torch-Pruning cannot follow the shortcuts of these networks (padded with
zeros; it ends in an IndexError), so that it prunes the filters within blocks; tfprune is shown
with all it can prune, and with those alone. Accuracy in per cent on 10,000 test images: as sliced,
with BatchNorm **recalibrated**, and **repaired** (tfprune only) on 256 training images without
labels; then after an epoch on 10,000 training images (SGD at 0.01, cosine, augmented), mean and
range of the seeds, of the best of Torch-Pruning's (by what recalibration gives back) and tfprune's.
The recalibration is tfprune's: Torch-Pruning has none.

| network | by | fewer | sliced | recalibrated | repaired | trained |
|---|---|---:|---:|---:|---:|---:|
"""
OURS = {"tfprune, taylor": (), "tfprune, taylor, within blocks": ("stem_conv", "*_conv2")}


@dataclass(frozen=True, kw_only=True)
class Peer:
    """One way to prune; accuracies from 0 to 1, `after` for each seed of training."""

    network: str
    target: float
    way: str
    test_images: int
    fewer: float = 0.0
    sliced: float = 0.0
    recalibrated: float = 0.0
    repaired: float | None = None
    after: tuple[float, ...] = ()


def theirs(dense: keras.Model, depth: int, path: Path) -> keras.Model:
    """Return what Torch-Pruning made, as a Keras model."""
    with np.load(path) as file:
        inner = {
            f"stage{name[5]}_block{int(name.split('.')[1]) + 1}": len(file[name])
            for name in file.files
            if name.endswith("conv1.weight") and name.startswith("layer")
        }
    model = resnets.resnet(depth, inner)
    resnets.load_weights(model, path)
    return model


def starts(
    dense: keras.Model, arguments: argparse.Namespace, images: Images
) -> Iterator[tuple[Peer, keras.Model]]:
    """Yield each way to prune with the network that training starts from."""
    right, x = right_on(images, arguments.test_images), unlabelled(images, 0)
    empty = Peer(
        network=dense.name, target=arguments.target, way="", test_images=arguments.test_images
    )
    for path in sorted(arguments.folder.glob("*.npz")):
        small = theirs(dense, arguments.depth, path)
        again = tfprune.recalibrate(small, x)
        row = replace(empty, way=f"Torch-Pruning, {path.stem}", sliced=right(small))
        fewer = count_macs(dense) / count_macs(small)
        yield replace(row, fewer=fewer, recalibrated=right(again)), small
    for way, keep in OURS.items():
        row = replace(empty, way=way)
        asked = an_epoch(row, "taylor", arguments)
        plan, _ = planned(dense, images, asked, keep)
        small, repaired = plan.apply(), plan.apply(repair_on=x)
        row = replace(row, sliced=right(small), fewer=count_macs(dense) / count_macs(small))
        again = tfprune.recalibrate(small, x)
        yield replace(row, recalibrated=right(again), repaired=right(repaired)), repaired


def an_epoch(row: Peer, criterion: str, arguments: argparse.Namespace) -> Trained:
    """Return what a training of one epoch is told."""
    return Trained(
        network=row.network, criterion=criterion, target=row.target, draw=0, optimizer="sgd",
        rate=arguments.rate, epochs=1, images=arguments.train_images,
        test_images=row.test_images, start="repaired",
    )  # fmt: skip


def trained(row: Peer, start: keras.Model, arguments: argparse.Namespace, images: Images) -> Peer:
    """Return the row with its accuracy after an epoch, for each seed."""
    asked = an_epoch(row, row.way, arguments)
    seeds = range(arguments.seeds)
    after = tuple(train_start(start, images, replace(asked, draw=seed)).after for seed in seeds)
    return replace(row, after=after)


def page(rows: list[Peer]) -> str:
    """Return docs/repair_peers.md."""
    lines = []
    for row in sorted(rows, key=lambda row: (row.network, row.target, row.way)):
        shown = [mean_and_range([share]) for share in (row.sliced, row.recalibrated, row.repaired)]
        cells = [row.network, row.way, f"{row.fewer:.2f}x", *shown, mean_and_range([*row.after])]
        lines.append(f"| {' | '.join(cells)} |\n")
    return _HEAD + "".join(lines)


def measure(arguments: argparse.Namespace, images: Images, known: set[Any]) -> None:
    """Measure the rows that are not known."""
    dense = resnets.pretrained(arguments.depth, arguments.weights)
    compile_for(dense, 0.01)
    found = list(starts(dense, arguments, images))
    best = max((row for row, _ in found if row.repaired is None), key=lambda row: row.recalibrated)
    for row, start in found:
        if (row.network, row.target, row.way, row.test_images) in known:
            continue
        if row is best or row.repaired is not None:
            row = trained(row, start, arguments, images)
        append_row(arguments.rows, row)
        print(row, flush=True)


def main() -> int:
    """Score all, train the best of theirs and ours."""
    arguments = parse()
    images = cifar10(arguments.data)
    if arguments.images:
        scored = normalise(images.train_x[:SCORED_IMAGES])
        np.savez(arguments.images, x=scored, y=images.train_y[:SCORED_IMAGES])
        return 0
    rows = read_rows(arguments.rows, Peer)
    if arguments.folder:
        measure(arguments, images, {(r.network, r.target, r.way, r.test_images) for r in rows})
    write_text(DOCS / "repair_peers.md", page(read_rows(arguments.rows, Peer)))
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add: Any = parser.add_argument
    add("folder", type=Path, nargs="?", help="what proofs/torch_side.py has left")
    add("--images", type=Path, help="write the images that both judge filters by, and end")
    add("--depth", type=int, default=56)
    add("--target", type=float, default=2.0)
    add("--seeds", type=int, default=3)
    add("--rate", type=float, default=0.01)
    add("--train-images", type=int, default=10_000)
    add("--test-images", type=int, default=10_000)
    add("--rows", type=Path, default=DOCS / "measured" / "repair_peers.jsonl")
    add("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    add("--data", help="CIFAR-10 as an .npz")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
