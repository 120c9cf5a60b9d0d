"""Read the arrays that a user keeps in .npy and .npz files."""

from __future__ import annotations

import zipfile
from typing import Any

from tfprune.errors import FileError


def read_arrays(path: str | None) -> Any:
    """Return the array of a .npy file, the arrays by name of an .npz file, None for no path.

    Arrays that `np.savez(path, a, b)` left without names come back as a list.

    Raises:
        FileError: the file is missing, or holds no plain arrays.
    """
    if path is None:
        return None
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            arrays = dict(loaded)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or str(error)) from error
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise _unreadable(path, "it is a zip file of something else than arrays")
    unnamed = [f"arr_{i}" for i in range(len(arrays))]
    return [arrays[name] for name in unnamed] if set(arrays) == set(unnamed) else arrays


def _unreadable(path: str, found: str) -> FileError:
    return FileError(
        f"read arrays from {path}",
        found,
        "save them with np.save('inputs.npy', x) or np.savez('inputs.npz', name=x)",
    )
