"""ResNet-20 and ResNet-56 on CIFAR-10: accuracy at fewer MACs, for each criterion.

    python -m proofs.resnet_pruning [--weights FOLDER] [--data FILE.npz] [--json]
    python -m proofs.resnet_pruning --finetune random l1 taylor --scopes global

For each network, scope, criterion and target (1.5x, 2x, 3x fewer multiply-accumulates): accuracy
on all 10,000 test images after pruning, after BatchNorm recalibration and, for the criteria named
with --finetune, after one epoch of training. Each finished row is appended to a file, so that an
interrupted run goes on where it was; --fresh starts anew. Writes docs/resnet_pruning.md.
Where the weights are looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import tfprune
from proofs import resnets
from proofs.counting import count_macs, count_weights
from proofs.data import Images, cifar10
from proofs.packages import cache_folder
from proofs.resnet_table import Row, write_table
from proofs.rows import append_row, read_rows
from proofs.training import accuracy, augmented, compile_for, normalise, train
from tfprune import criteria

TARGETS = (1.5, 2.0, 3.0)
RANDOM_SEEDS = (0, 1, 2)
SCORED_IMAGES, SCORED_BATCH, RECALIBRATED_IMAGES, FINE_TUNE_RATE = 2_048, 8, 5_120, 0.01
TABLE = Path(__file__).parents[1] / "docs" / "resnet_pruning.md"

Maker = Callable[[tf.data.Dataset, int], Any]
CRITERIA: dict[str, Maker] = {
    "random": lambda data, seed: criteria.Random(seed),
    "l1": lambda data, seed: criteria.Magnitude(p=1),
    "l2": lambda data, seed: criteria.Magnitude(p=2),
    "bn_scale": lambda data, seed: criteria.BatchNormScale(),
    "fpgm": lambda data, seed: criteria.FPGM(),
    "lamp": lambda data, seed: criteria.LAMP(),
    "taylor": lambda data, seed: criteria.Taylor(data),
    "fisher": lambda data, seed: criteria.Fisher(data),
    "relevance": lambda data, seed: criteria.Relevance(data),
    "activation_mean": lambda data, seed: criteria.Activation(data, "mean"),
    "activation_apoz": lambda data, seed: criteria.Activation(data, "apoz"),
}


class ScoredOnce:
    """A criterion that scores a model once, for all targets."""

    def __init__(self, criterion: Any) -> None:
        self._criterion = criterion
        self._known: list[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._criterion, name)

    def scores(self, model: keras.Model, groups: Any) -> list[Any]:
        """Return the scores of the first call; the model and its groups are the same."""
        if self._known is None:
            self._known = self._criterion.scores(model, groups)
        return self._known


class Bench:
    """What all rows of a run share: test images, batches to score and to recalibrate with."""

    def __init__(self, images: Images) -> None:
        self.test_x, self.test_y = normalise(images.test_x), images.test_y
        train_x = normalise(images.train_x)
        scored = train_x[:SCORED_IMAGES], images.train_y[:SCORED_IMAGES]
        self.scoring = tf.data.Dataset.from_tensor_slices(scored).batch(SCORED_BATCH)
        self.training = augmented(train_x, images.train_y)
        self._scored: dict[Any, ScoredOnce] = {}
        self.recalibration = self.training.take(RECALIBRATED_IMAGES // 128)

    def accuracy(self, model: keras.Model) -> float:
        """Score all 10,000 test images."""
        return accuracy(model, self.test_x, self.test_y)

    def criterion(self, dense: keras.Model, row: Row) -> ScoredOnce:
        """Return the criterion of a row, the same for all its targets."""
        key = dense.name, row.criterion, row.seed
        if key not in self._scored:
            self._scored[key] = ScoredOnce(CRITERIA[row.criterion](self.scoring, row.seed))
        return self._scored[key]

    def measure(self, dense: keras.Model, row: Row, finetune: bool) -> Row:
        """Prune as `row` asks and return it with what was measured."""
        started = time.monotonic()
        plan = tfprune.plan_structured(
            dense,
            ratio=1 - 1 / row.target,
            target="macs",
            criterion=self.criterion(dense, row),
            scope=row.scope,
        )
        small = plan.apply()
        row = dataclasses.replace(
            row,
            parameters=count_weights(small),
            macs=count_macs(small),
            fewer=count_macs(dense) / count_macs(small),
            pruned=self.accuracy(small),
        )
        small = tfprune.recalibrate(small, self.recalibration)
        row = dataclasses.replace(row, recalibrated=self.accuracy(small))
        if finetune:
            train(small, self.training, 1, FINE_TUNE_RATE, verbose=0)
            row = dataclasses.replace(row, fine_tuned=self.accuracy(small))
        return dataclasses.replace(row, seconds=round(time.monotonic() - started, 1))

    def baseline(self, dense: keras.Model) -> Row:
        """Return the dense network's row, recalibrated too: what recalibration alone changes."""
        small = tfprune.recalibrate(dense, self.recalibration)
        return dataclasses.replace(
            dense_row(dense.name),
            parameters=count_weights(dense),
            macs=count_macs(dense),
            fewer=1.0,
            pruned=self.accuracy(dense),
            recalibrated=self.accuracy(small),
        )


def dense_row(name: str) -> Row:
    """Return the row to fill for the network as it is."""
    return Row(name, "-", "dense", 1.0)


def wanted(name: str, arguments: argparse.Namespace) -> Iterator[Row]:
    """Yield a row to fill for each scope, criterion, seed and target."""
    for scope in arguments.scopes:
        for criterion in arguments.criteria:
            for seed in RANDOM_SEEDS if criterion == "random" else (0,):
                for target in arguments.targets:
                    yield Row(name, scope, criterion, target, seed)


def place(row: Row) -> tuple[Any, ...]:
    """Return what rows are sorted by in the table: the criteria in the order of `CRITERIA`."""
    criterion = ["dense", *CRITERIA].index(row.criterion)
    return int(row.network.removeprefix("resnet")), row.scope, criterion, row.target, row.seed


def run(depth: int, bench: Bench, rows: dict[Any, Row], arguments: argparse.Namespace) -> None:
    """Measure the rows of one network that are not in the file yet, and append each to it."""
    dense = resnets.pretrained(depth, arguments.weights)
    compile_for(dense, FINE_TUNE_RATE)
    for row in (dense_row(dense.name), *wanted(dense.name, arguments)):
        finetune = row.criterion in arguments.finetune and row.seed == 0
        known = rows.get(row.key)
        if known is not None and (known.fine_tuned is not None or not finetune):
            continue
        is_dense = row.criterion == "dense"
        row = bench.baseline(dense) if is_dense else bench.measure(dense, row, finetune)
        rows[row.key] = row
        append_row(arguments.rows, row)
        print(row, file=sys.stderr, flush=True)


def main() -> int:
    """Measure what is missing, then write the table."""
    arguments = parse()
    if arguments.fresh:
        arguments.rows.unlink(missing_ok=True)
    keras.utils.set_random_seed(0)
    rows = {row.key: row for row in read_rows(arguments.rows, Row)}
    bench = Bench(cifar10(arguments.data))
    for depth in arguments.depths:
        run(depth, bench, rows, arguments)
    write_table(sorted(rows.values(), key=place), arguments.table)
    if arguments.json:
        print(json.dumps([dataclasses.asdict(row) for row in rows.values()], indent=2))
    else:
        print(arguments.table.read_text(encoding="utf-8"))
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--depths", type=int, nargs="+", default=[20, 56], help="which ResNets (20 56)")
    add("--scopes", nargs="+", default=["local", "global"], help="of the ranking (local global)")
    add("--criteria", nargs="+", choices=CRITERIA, default=list(CRITERIA), help="default: all")
    add("--targets", type=float, nargs="+", default=TARGETS, help="times fewer MACs (1.5 2 3)")
    add("--finetune", nargs="*", choices=CRITERIA, default=[], help="criteria that get an epoch")
    add("--weights", help="folder with resnet20_cifar10.npz and resnet56_cifar10.npz")
    add("--data", help="CIFAR-10 as an .npz")
    add("--rows", type=Path, default=cache_folder() / "resnet_pruning.jsonl", help="finished rows")
    add("--fresh", action="store_true", help="forget finished rows")
    add("--table", type=Path, default=TABLE, help="markdown to write (docs/resnet_pruning.md)")
    add("--json", action="store_true", help="print the rows as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
