"""A ResNet at 3x fewer MACs, three epochs on some images: labels only, or a teacher too.

    python -m proofs.distillation [--depth 20] [--images 10000] [--weights FOLDER]
                                  [--data FILE.npz]

All start from the same network, pruned by relevance and recalibrated. Prints one line for each way
to train: accuracy on all 10,000 test images after each epoch, and CPU seconds. The teachers are the
dense network and, where that is smaller, ResNet-56.
Where the weights are looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs import resnets
from proofs.data import cifar10
from proofs.training import accuracy, compile_for, normalise
from tfprune import criteria

EPOCHS, BATCH, RATE, TEMPERATURE, ALPHA = 3, 128, 0.02, 3.0, 0.7
SCORED, RECALIBRATED = 2048, 5120


def epochs(x: np.ndarray, y: np.ndarray, seed: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the images of each epoch, shuffled, flipped and shifted by up to four pixels."""
    rng = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        order = rng.permutation(len(x))
        images = x[order].copy()
        flip = rng.random(len(images)) < 0.5
        images[flip] = images[flip, :, ::-1]
        padded = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
        shifts = rng.integers(0, 9, (len(images), 2))
        moved = [p[i : i + 32, j : j + 32] for p, (i, j) in zip(padded, shifts, strict=True)]
        yield np.stack(moved), y[order]


def trained(small: Any, teacher: Any, x: np.ndarray, y: np.ndarray) -> Iterator[Any]:
    """Train a network, in place, and yield it after each epoch."""
    model = small
    if teacher is not None:
        model = tfprune.Distilled(small, teacher, TEMPERATURE, ALPHA)
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * len(x) // BATCH)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=False)
    for images, labels in epochs(x, y):
        model.fit(images, labels, batch_size=BATCH, verbose=0, shuffle=False)
        yield small


def main() -> int:
    """Prune once, train once for each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depth", type=int, choices=(20, 56), default=20, help="which (20)")
    parser.add_argument("--images", type=int, default=10_000, help="in an epoch (10000)")
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz and the other")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    x, y = normalise(images.train_x), images.train_y
    test = normalise(images.test_x), images.test_y
    known = {depth: resnets.pretrained(depth, arguments.weights) for depth in {arguments.depth, 56}}
    for teacher in known.values():
        compile_for(teacher, RATE)
    dense = known[arguments.depth]
    judge = criteria.Relevance(x[:SCORED])
    plan = tfprune.plan_structured(dense, 2 / 3, judge, target="macs", scope="global")
    start = tfprune.recalibrate(plan.apply(), x[:RECALIBRATED])
    print(f"start: {100 * accuracy(start, *test):.1f} %", flush=True)
    ways = {"labels": None} | {f"and ResNet-{depth}": net for depth, net in sorted(known.items())}
    x, y = x[: arguments.images], y[: arguments.images]
    for name, teacher in ways.items():
        small, begun = keras.models.clone_model(start), time.process_time()
        small.set_weights(start.get_weights())
        after = [100 * accuracy(one, *test) for one in trained(small, teacher, x, y)]
        shown = ", ".join(f"{share:.1f}" for share in after)
        print(f"{name}: {shown} %, {time.process_time() - begun:.0f} CPU seconds", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
