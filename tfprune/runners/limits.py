"""How much memory and time a file may take, by its size: what is small may not cost much."""

from __future__ import annotations

import os
from pathlib import Path

from tfprune.errors import PruneError

VARIABLE = "TFPRUNE_MEMORY_GB"
_SMALL = 2**20
_BASE, _PER_BYTE, _PER_THREAD = 2**30, 512, 2**24


def memory_for(path: str, threads: int) -> int:
    """Return the bytes that an interpreter may take for a file: 1 GiB and 512 times its size.

    `TFPRUNE_MEMORY_GB` replaces that for files whose tensors are larger.

    Args:
        path: The file.
        threads: Threads of the interpreter; each has a stack.

    Raises:
        PruneError: the variable holds no number above 0.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        return _BASE + _PER_BYTE * Path(path).stat().st_size + _PER_THREAD * threads
    try:
        size = float(given)
    except ValueError:
        size = 0.0
    if not 0 < size < 2**20:
        raise PruneError(f"{VARIABLE}={given}", "it is no number above 0", f"{VARIABLE}=8")
    return int(size * 2**30)


def seconds_for(path: str, emulated: bool) -> float:
    """Return how long one answer may take: 50 s up to a megabyte, else and emulated 300 s."""
    try:
        small = os.path.getsize(path) <= _SMALL
    except (OSError, ValueError):
        small = True
    return 50.0 if small and not emulated else 300.0
