"""Temporary folders: gone afterwards, at the latest when the next one is made."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tfprune.errors import FileError
from tfprune.files.owners import owned_name, sweep
from tfprune.files.reading import tell

_PREFIX = "tfprune"
_FIX = "set TMPDIR to a folder that has free space and can be written"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def make_folder() -> Path:
    """Make an empty folder in the system's temporary one; whoever asks for it removes it.

    Folders that killed processes have left are removed first.

    Raises:
        FileError: there is no temporary folder, or it is full or read-only.
    """
    try:
        parent = Path(tempfile.gettempdir())
        sweep(parent, _PREFIX)
        folder = parent / owned_name(_PREFIX)
        os.mkdir(folder, 0o700)
    except OSError as error:
        raise FileError("make a temporary folder", tell(error), _FIX) from error
    return folder


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield an empty folder that is removed afterwards.

    Raises:
        FileError: it cannot be made, or the disk was full or read-only in the body.

    Example:
        >>> with temporary_folder() as folder:
        ...     _ = (folder / "a.txt").write_text("here")
        >>> folder.exists()
        False
    """
    folder = make_folder()
    try:
        yield folder
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise FileError(f"write to {folder}", tell(error), _FIX) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
