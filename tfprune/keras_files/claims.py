"""How much memory a small Keras file claims, seen before any of it is taken."""

from __future__ import annotations

import contextlib
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import keras

from tfprune import files
from tfprune.keras_internals import without_values

SMALL = 2**22
"""Up to 4 MiB a file's claims are looked at; a larger one holds most of what it claims."""
FIX = "check that it is whole; save the model again with model.save('model.keras')"
_BYTES = 4  # of a weight
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"


def check_claims(path: Path) -> None:
    """Refuse a `.keras` or `.h5` file whose few bytes would become a model that fills the memory.

    A `.keras` file is a zip: no member may claim more than `tfprune.files` lets a file of that
    size become. The same holds for the arrays in its HDF5 part, and for the weights of the layers
    that its config names, which Keras makes before it reads any.

    Raises:
        FileError: it claims too much, or is no whole zip file.
    """
    if path.suffix == ".h5":
        size = files.check_regular(path, f"load {path}")
        if size <= SMALL:
            _check(path, size, _arrays(path))
        return
    with files.open_archive(path, FIX) as archive:
        size = path.stat().st_size
        if size > SMALL:
            return
        _check(path, size, _arrays_in(archive, size))
        config = json.loads(files.read_member(archive, _CONFIG, files.most_unpacked(size)))
    _check(path, size, _weights(config))


def _check(path: Path, stored: int, claimed: int) -> None:
    files.check_unpacked(path, stored, claimed, "convert or save the model with smaller layers")


def _arrays_in(archive: zipfile.ZipFile, size: int) -> int:
    if _WEIGHTS not in archive.namelist():
        return 0
    return _arrays(io.BytesIO(files.read_member(archive, _WEIGHTS, files.most_unpacked(size))))


def _arrays(source: Any) -> int:
    """Return the bytes that all arrays of an HDF5 file say they have."""
    import h5py

    found = 0

    def add(_: str, item: Any) -> None:
        nonlocal found
        if isinstance(item, h5py.Dataset):
            found += math.prod(item.shape or (1,)) * item.dtype.itemsize

    # A file that h5py cannot read is told by Keras.
    with contextlib.suppress(OSError, RuntimeError, KeyError), h5py.File(source, "r") as file:
        file.visititems(add)
    return found


def _weights(config: Any) -> int:
    """Return the bytes of all weights that the layers of a config would make, making none."""
    try:
        with without_values():
            model = keras.saving.deserialize_keras_object(config)
            variables = model.variables
    except (Exception, SystemExit):  # Keras says so itself, when it loads the file
        return 0
    return sum(_BYTES * math.prod(v.shape) for v in variables)
