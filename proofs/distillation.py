"""ResNet-20 at 3x fewer MACs, three epochs on 10,000 images: labels only, or a teacher too.

    python -m proofs.distillation [--weights FOLDER] [--data FILE.npz]

All start from the same network, pruned by relevance and recalibrated. Prints one line for each way
to train: accuracy on all 10,000 test images after each epoch, and CPU seconds.
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

IMAGES, EPOCHS, BATCH, RATE, TEMPERATURE, ALPHA = 10_000, 3, 128, 0.02, 3.0, 0.7


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
    """Prune once, train three times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz and the other")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    x, y = normalise(images.train_x)[:IMAGES], images.train_y[:IMAGES]
    test = normalise(images.test_x), images.test_y
    dense, large = (resnets.pretrained(depth, arguments.weights) for depth in (20, 56))
    for teacher in (dense, large):
        compile_for(teacher, RATE)
    judge = criteria.Relevance(x[:2048])
    plan = tfprune.plan_structured(dense, 2 / 3, judge, target="macs", scope="global")
    start = tfprune.recalibrate(plan.apply(), x[:5120])
    print(f"start: {100 * accuracy(start, *test):.1f} %")
    ways = {"labels": None, "and the dense network": dense, "and ResNet-56": large}
    for name, teacher in ways.items():
        small, begun = keras.models.clone_model(start), time.process_time()
        small.set_weights(start.get_weights())
        after = [100 * accuracy(one, *test) for one in trained(small, teacher, x, y)]
        shown = ", ".join(f"{share:.1f}" for share in after)
        print(f"{name}: {shown} %, {time.process_time() - begun:.0f} CPU seconds", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
