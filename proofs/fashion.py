"""Fashion-MNIST as NumPy arrays: the Debian package dataset-fashion-mnist, else keras.datasets.

Source: Xiao, Rasul and Vollgraf, "Fashion-MNIST", 2017, arXiv 1708.07747; MIT licence.
"""

from __future__ import annotations

import gzip
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from proofs.packages import cache_folder, fetch
from tfprune.errors import PruneError, first_line
from tfprune.files import replacing

CLASSES = ("T-shirt", "trouser", "pullover", "dress", "coat")
CLASSES += ("sandal", "shirt", "sneaker", "bag", "boot")
_SHA256 = "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0"
_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
Array = NDArray[Any]


def fashion() -> tuple[Array, Array, Array, Array]:
    """Return 60,000 training images and labels, 10,000 to test; uint8, (n, 28, 28) and (n,).

    Raises:
        PruneError: no source could be reached.
    """
    kept = cache_folder() / "fashion.npz"
    if not kept.is_file():
        arrays = _fetched()
        with replacing(kept) as temporary, temporary.open("wb") as file:
            np.savez(file, *arrays)
    with np.load(kept) as file:
        train_x, train_y, test_x, test_y = (file[f"arr_{i}"] for i in range(4))
    return train_x, train_y, test_x, test_y


def _fetched() -> list[Array]:
    try:
        return _from_debian()
    except PruneError as error:
        try:
            pairs = keras.datasets.fashion_mnist.load_data()
        except Exception as other:  # whatever a client raises
            found = f"Debian: {error.found}; keras.datasets: {first_line(other)}"
            raise PruneError("load Fashion-MNIST", found, "connect to a network") from other
    return [array for pair in pairs for array in pair]


def _from_debian() -> list[Array]:
    package = fetch(["apt-get", "download", "dataset-fashion-mnist"], _SHA256)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        return [_read(next(Path(folder).rglob(f"{name}-ubyte.gz"))) for name in _FILES]


def _read(path: Path) -> Array:
    """Read an idx file: a magic number whose last byte says how many sizes follow, big-endian."""
    content = gzip.decompress(path.read_bytes())
    sizes = np.frombuffer(content, ">i4", count=content[3], offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(sizes)
