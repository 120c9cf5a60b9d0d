"""Repair without training: ResNets on CIFAR-10 at fewer MACs, before any training.

    python -m proofs.repair [--depths 20 56] [--criteria l2 taylor random] [--targets 2]
                            [--draws 3] [--test-images 10000] [--rows FILE] [--weights FOLDER]
    python -m proofs.repair --finetune [--rates 1e-4 1e-3 1e-2] [--optimizers sgd adam]
                            [--epochs 1] [--train-images 10000]

For each network, criterion, target and draw of unlabelled training images: accuracy as sliced,
after BatchNorm recalibration on those images, and after repair on them, with the CPU seconds of the
repair. Each finished row is appended to a file, so that an interrupted run goes on where it was.
With --finetune the recalibrated and the repaired network are trained instead
(proofs/repair_training.py). Writes docs/repair.md.
Where the weights are looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import tfprune
from proofs import resnets
from proofs.counting import count_macs
from proofs.data import Images, cifar10
from proofs.one_shot import repaired_in_one_shot
from proofs.repair_training import STARTS, Trained, section, train_start
from proofs.rows import append_row, read_rows
from proofs.training import compile_for, normalise
from proofs.untrained import DOCS, SAMPLES, right_on, unlabelled
from tfprune import criteria
from tfprune.files import write_text

SCORED_IMAGES, SCORED_BATCH = 512, 8
CRITERIA: dict[str, Any] = {
    "l2": lambda data: "l2",
    "fpgm": lambda data: "fpgm",
    "random": lambda data: criteria.Random(0),
    "taylor": criteria.Taylor,
    "fisher": criteria.Fisher,
}
_HEAD = """# Repair without training

Written by `python -m proofs.repair`; the rows: [measured/repair.jsonl](measured/repair.jsonl).
Pretrained ResNets for CIFAR-10, the criterion ranks globally, the target is multiply-accumulates
(`fewer` counted by `proofs/counting.py`). Accuracy in per cent: **sliced** as `plan.apply()`
returns it, **recalibrated** by `tfprune.recalibrate`, **one shot**: each kernel refitted on what
the original makes (`proofs/one_shot.py`), **repaired** by `plan.apply(repair_on=images)`, each
kernel on what the network repaired so far makes; all on the same {samples} training images without
labels. Mean over the draws of those images, and the smallest and largest where there are several.
`s`: CPU seconds of the whole repair, on a machine that others used too; they grow linearly with
depth: l2 at 2x took 5.7 seconds for 20 layers and 17.0 for 56, one after the other in one process.
A keras.applications.ResNet50 at 224 px without half its MACs (l2, 256 images given, of which 64 fit
into repair's memory): 102 CPU seconds on one thread, 3.4 GiB at most for the whole process, 1.2 of
it before. No network in this table was trained after pruning.

| network | criterion | fewer | draws | images | sliced | recalibrated | one shot | repaired | s |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""


@dataclass(frozen=True)
class Row:
    """One pruned network before training; accuracies from 0 to 1."""

    network: str
    criterion: str
    target: float
    draw: int
    test_images: int
    fewer: float = 0.0
    sliced: float = 0.0
    recalibrated: float = 0.0
    repaired: float = 0.0
    one_shot: float | None = None
    cpu_seconds: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.criterion, self.target, self.draw, self.test_images


def planned(
    dense: keras.Model, images: Images, asked: Row | Trained, keep: Sequence[str] = ()
) -> tuple[Any, Any]:
    """Return the plan that `asked` describes, layers left whole, and unlabelled images."""
    scored = normalise(images.train_x[:SCORED_IMAGES]), images.train_y[:SCORED_IMAGES]
    data = tf.data.Dataset.from_tensor_slices(scored).batch(SCORED_BATCH)
    ratio, criterion = 1 - 1 / asked.target, CRITERIA[asked.criterion](data)
    plan = tfprune.plan_structured(
        dense, ratio, criterion, target="macs", scope="global", keep=list(keep)
    )
    return plan, unlabelled(images, asked.draw)


def measure(dense: keras.Model, images: Images, asked: Row) -> Row:
    """Prune as `asked` says and return it with what was measured."""
    right = right_on(images, asked.test_images)
    plan, x = planned(dense, images, asked)
    small = plan.apply()
    started = time.process_time()
    repaired = plan.apply(repair_on=x)
    seconds = time.process_time() - started
    return replace(
        asked,
        fewer=count_macs(dense) / count_macs(small),
        sliced=right(small),
        recalibrated=right(tfprune.recalibrate(small, x)),
        repaired=right(repaired),
        one_shot=right(repaired_in_one_shot(plan, x)),
        cpu_seconds=round(seconds, 1),
    )


def train_both(
    dense: keras.Model, images: Images, asked: list[Trained], known: set[Any]
) -> Iterator[Trained]:
    """Train what is not known yet of both starts, and yield each when it is done."""
    asked = [row for row in asked if row.key not in known]
    for draw, target, criterion in sorted({(r.draw, r.target, r.criterion) for r in asked}):
        rows = [r for r in asked if (r.draw, r.target, r.criterion) == (draw, target, criterion)]
        plan, x = planned(dense, images, rows[0])
        starts = {
            "recalibrated": tfprune.recalibrate(plan.apply(), x),
            "repaired": plan.apply(repair_on=x),
        }
        for row in rows:
            yield train_start(starts[row.start], images, row)


def page(rows: list[Row]) -> str:
    """Return docs/repair.md."""
    cells: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = (row.network, row.criterion, row.target, row.test_images)
        cells.setdefault(key, []).append(row)
    lines = []
    for (network, criterion, _, count), found in sorted(cells.items()):
        shown = [
            mean_and_range([getattr(row, name) for row in found])
            for name in ("sliced", "recalibrated", "one_shot", "repaired")
        ]
        seconds = max(row.cpu_seconds for row in found)
        lines.append(
            f"| {network} | {criterion} | {found[0].fewer:.2f}x | {len(found)} | {count:,} | "
            f"{' | '.join(shown)} | {seconds:.0f} |"
        )
    return _HEAD.format(samples=SAMPLES) + "\n".join(lines) + "\n"


def mean_and_range(measured: list[float | None]) -> str:
    """Return shares as per cent: their mean, and the smallest and largest if they differ."""
    shares = [share for share in measured if share is not None]
    if not shares:
        return "-"
    mean = f"{100 * statistics.mean(shares):.1f}"
    low, high = (f"{100 * bound(shares):.1f}" for bound in (min, max))
    return mean if low == high else f"{mean} ({low} to {high})"


def main() -> int:
    """Measure what is missing, and write the page."""
    arguments = parse()
    images = cifar10(arguments.data)
    trained_rows = arguments.rows.with_name(f"{arguments.rows.stem}_training.jsonl")
    known = {row.key for row in read_rows(arguments.rows, Row)}
    trained = {row.key for row in read_rows(trained_rows, Trained)}
    for depth in arguments.depths:
        dense = resnets.pretrained(depth, arguments.weights)
        compile_for(dense, 0.01)
        if arguments.finetune:
            for done in train_both(dense, images, asked_training(dense, arguments), trained):
                append_row(trained_rows, done)
                print(done, flush=True)
            continue
        asked = [
            Row(dense.name, criterion, target, draw, arguments.test_images)
            for target in arguments.targets
            for criterion in arguments.criteria
            for draw in range(arguments.draws)
        ]
        for row in (row for row in asked if row.key not in known):
            measured = measure(dense, images, row)
            append_row(arguments.rows, measured)
            print(measured, flush=True)
    text = page(read_rows(arguments.rows, Row)) + section(read_rows(trained_rows, Trained))
    write_text(DOCS / "repair.md", text)
    return 0


def asked_training(dense: keras.Model, arguments: argparse.Namespace) -> list[Trained]:
    """Return the rows to fill, both starts of a cell one after the other."""
    return [
        Trained(
            network=dense.name,
            criterion=criterion,
            target=target,
            draw=draw,
            optimizer=optimizer,
            rate=rate,
            epochs=arguments.epochs,
            images=arguments.train_images,
            test_images=arguments.test_images,
            start=start,
        )
        for target, criterion, draw, optimizer, rate, start in itertools.product(
            arguments.targets,
            arguments.criteria,
            range(arguments.draws),
            arguments.optimizers,
            arguments.rates,
            STARTS,
        )
    ]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--depths", type=int, nargs="+", default=[20, 56])
    add("--criteria", nargs="+", choices=CRITERIA, default=list(CRITERIA))
    add("--targets", type=float, nargs="+", default=[1.5, 2.0, 3.0])
    add("--draws", type=int, default=3)
    add("--test-images", type=int, default=10_000)
    add("--finetune", action="store_true", help="train both starts")
    add("--rates", type=float, nargs="+", default=[1e-4, 1e-3, 1e-2], help="of training")
    add("--optimizers", nargs="+", choices=("sgd", "adam"), default=["sgd", "adam"])
    add("--epochs", type=int, default=1)
    add("--train-images", type=int, default=10_000, help="in an epoch")
    add("--rows", type=Path, default=DOCS / "measured" / "repair.jsonl")
    add("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    add("--data", help="CIFAR-10 as an .npz")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
