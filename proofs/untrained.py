"""What the proofs have in common that make a pretrained ResNet smaller without training it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import keras
import numpy as np

from proofs import resnets
from proofs.data import Images, cifar10
from proofs.rows import append_row, read_rows
from proofs.training import accuracy, normalise

SAMPLES = 256
DOCS = Path(__file__).parents[1] / "docs"


class Asked(Protocol):
    """A row before it is measured."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""


Row = TypeVar("Row", bound=Asked)


def unlabelled(images: Images, draw: int) -> np.ndarray:
    """Return training images without labels, others for each draw."""
    drawn = np.random.default_rng(draw).choice(len(images.train_x), SAMPLES, replace=False)
    return normalise(images.train_x[drawn])


def right_on(images: Images, count: int) -> Callable[[keras.Model], float]:
    """Return what says how many of the first test images a model is right on, from 0 to 1."""
    x, y = normalise(images.test_x[:count]), images.test_y[:count]
    return lambda model: accuracy(model, x, y)


def parser_of(
    doc: str | None, depths: list[int], rows: str, repeats: str = "--draws"
) -> argparse.ArgumentParser:
    """Return a parser of what all of them take; `repeats` names what a row is repeated with."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--depths", type=int, nargs="+", default=depths)
    parser.add_argument(repeats, type=int, default=1)
    parser.add_argument("--test-images", type=int, default=2_000)
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / rows)
    parser.add_argument("--weights", help="folder with resnet20_cifar10.npz, resnet56_cifar10.npz")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    return parser


def go_on(
    arguments: argparse.Namespace,
    kind: type[Row],
    asked: Callable[[keras.Model], Iterable[Row]],
    measure: Callable[[keras.Model, Images, Row], Row],
) -> list[Row]:
    """Measure the rows that are missing, and return all that are known then.

    Args:
        arguments: Of `parser_of`.
        kind: The dataclass of the rows.
        asked: The dense network → the rows wanted of it.
        measure: Fills a row.
    """
    images = cifar10(arguments.data)
    known = {row.key for row in read_rows(arguments.rows, kind)}
    for depth in arguments.depths:
        dense = resnets.pretrained(depth, arguments.weights)
        for row in asked(dense):
            if row.key not in known:
                known.add(row.key)
                measured = measure(dense, images, row)
                append_row(arguments.rows, measured)
                print(measured, flush=True)
    return read_rows(arguments.rows, kind)
