"""ResNet-20 with 90 % zeros in equal epochs: masks that grow, that are held, or that move.

    python -m proofs.regrowth [--starts pretrained scratch] [--ways polynomial held set rigl]
                              [--images 10000] [--test 10000] [--seed 0] [--rows FILE.jsonl]

All ways share out 90 % zeros over the kernels as Erdős-Rényi-kernel says, train three epochs with
the same shuffled images and are judged on the same test images. "polynomial" grows the zeros
from none over two thirds of the steps, by magnitude; "held" has all of them from the first step on
and leaves them where they are; "set" and "rigl" move them until 75 % of the steps. From pretrained
weights the first mask of the last three is by magnitude, from scratch it is drawn. Prints a table
of all finished rows, and goes on where it was interrupted.
Where the weights are looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import tfprune
from proofs import resnets
from proofs.counting import share_of_zeros
from proofs.data import Images, cifar10
from proofs.distillation import BATCH, EPOCHS, epochs
from proofs.rows import append_row, read_rows
from proofs.training import accuracy, normalise
from tfprune.schedules import SET, RigL
from tfprune.schedules.regrowth import Regrowth

SPARSITY, FRACTION, UPDATES = 0.9, 0.3, 12
RATES = {"pretrained": 0.02, "scratch": 0.1}


def moving(kind: type[Regrowth], steps: int, beat: int) -> Regrowth:
    """Return masks that move until three quarters of the training, as in the paper."""
    settings = {"fraction": FRACTION, "frequency": beat}
    return kind(target_sparsity=SPARSITY, begin_step=0, end_step=3 * steps // 4, **settings)


WAYS: dict[str, Callable[[int, int], Any]] = {
    "polynomial": lambda steps, beat: tfprune.PolynomialDecay(
        0.0, SPARSITY, 0, 2 * steps // 3 // beat * beat, frequency=beat
    ),
    "held": lambda steps, beat: tfprune.ConstantSparsity(SPARSITY, 0, 1, frequency=1),
    "set": lambda steps, beat: moving(SET, steps, beat),
    "rigl": lambda steps, beat: moving(RigL, steps, beat),
}


@dataclass(frozen=True, kw_only=True)
class RegrowthRow:
    """One training."""

    start: str
    way: str
    seed: int
    images: int
    epochs: int
    zeros: float  # share of all kernels
    tested: int  # images
    accuracy: float  # share of them
    seconds: float  # of CPU, training alone


def trained(start: str, way: str, seed: int, images: Images) -> RegrowthRow:
    """Train one network one way on all training images, and judge it on all test images."""
    keras.utils.set_random_seed(seed)
    dense = resnets.pretrained(20) if start == "pretrained" else resnets.resnet(20)
    x, y = normalise(images.train_x), images.train_y
    steps = EPOCHS * (len(x) // BATCH)
    schedule = WAYS[way](steps, steps // UPDATES)
    drawn = start == "scratch" and way != "polynomial"
    model = tfprune.prune_low_magnitude(
        dense, schedule, allocation="erdos_renyi", score="random" if drawn else None
    )
    rate = keras.optimizers.schedules.CosineDecay(RATES[start], steps)
    inner = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tfprune.PruningOptimizer(inner), loss, jit_compile=False)
    begun = time.process_time()
    for seen, labels in epochs(x, y, seed):
        whole = len(seen) // BATCH * BATCH
        model.fit(
            seen[:whole],
            labels[:whole],
            batch_size=BATCH,
            verbose=0,
            shuffle=False,
            callbacks=[Quiet()],
        )
    seconds = time.process_time() - begun
    stripped = tfprune.strip_pruning(model)
    return RegrowthRow(
        start=start,
        way=way,
        seed=seed,
        images=len(x),
        epochs=EPOCHS,
        zeros=share_of_zeros(stripped),
        tested=len(images.test_x),
        accuracy=accuracy(stripped, normalise(images.test_x), images.test_y),
        seconds=round(seconds, 1),
    )


def _first(images: Images, train: int, test: int) -> Images:
    return Images(
        images.train_x[:train], images.train_y[:train], images.test_x[:test], images.test_y[:test]
    )


class Quiet(tfprune.UpdatePruningStep):
    """Does not warn after a fit of some epochs that the plan is not reached yet."""

    def on_train_end(self, logs: Any = None) -> None:
        """Say nothing."""


def shown(rows: list[RegrowthRow]) -> str:
    """Return the rows as a Markdown table."""
    lines = ["| from | masks | seed | images | zeros, % | accuracy, % | CPU s |", "|---" * 7 + "|"]
    for row in rows:
        numbers = f"{100 * row.zeros:.2f} | {100 * row.accuracy:.1f} | {row.seconds:.0f}"
        lines.append(f"| {row.start} | {row.way} | {row.seed} | {row.images:,} | {numbers} |")
    return "\n".join(lines)


def main() -> int:
    """Train what is not known yet."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", nargs="+", choices=list(RATES), default=list(RATES))
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--images", type=int, default=10_000, help="to train on (10000)")
    parser.add_argument("--test", type=int, default=10_000, help="to judge by (10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, default=Path("build/regrowth.jsonl"))
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    arguments.rows.parent.mkdir(parents=True, exist_ok=True)
    images = _first(cifar10(arguments.data), arguments.images, arguments.test)
    for start in arguments.starts:
        for way in arguments.ways:
            rows = read_rows(arguments.rows, RegrowthRow)
            asked = (start, way, arguments.seed, arguments.images, arguments.test)
            known = [(row.start, row.way, row.seed, row.images, row.tested) for row in rows]
            if asked not in known:
                row = trained(start, way, arguments.seed, images)
                append_row(arguments.rows, row)
                print(row, flush=True)
    print(shown(read_rows(arguments.rows, RegrowthRow)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
