"""Reading the files that a user names, where anything may lie at that name."""

from __future__ import annotations

import gzip
import os
import stat
from pathlib import Path

from tfprune.errors import FileError

PathLike = str | os.PathLike[str]
_CHECK = "check the path and its permissions"


def check_regular(path: PathLike, asked: str | None = None) -> int:
    """Refuse what is no regular file, before a pipe waits for ever; return its size in bytes.

    Args:
        path: The file; links are followed.
        asked: What it is wanted for, for the error; by default `read` and the path.

    Raises:
        FileError: it is missing, a folder, a pipe or a device.

    Example:
        >>> check_regular("/dev/null")
        Traceback (most recent call last):
        ...
        tfprune.errors.FileError: asked: read /dev/null
        found: it is a device
        fix: name a regular file
    """
    asked = asked or f"read {path}"
    try:
        found = os.stat(path)
    except (OSError, ValueError) as error:
        raise FileError(asked, tell(error), _CHECK) from error
    kind = kind_of(found.st_mode)
    if kind:
        save = "save what comes through it to a file, and name that"
        raise FileError(asked, f"it is {kind}", save if "pipe" in kind else "name a regular file")
    return found.st_size


def kind_of(mode: int) -> str:
    """Return in words what a file is that is no regular one, an empty text for a regular one."""
    if stat.S_ISREG(mode):
        return ""
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe or a socket" if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else "a device"


def read_bytes(path: PathLike) -> bytes:
    """Read a whole file.

    Raises:
        FileError: the file does not exist, is no regular file, or cannot be read.
    """
    size = check_regular(path)
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"read {path}", tell(error), _CHECK) from error
    except MemoryError as error:
        found = f"its {size:,} bytes do not fit into this machine's memory"
        raise FileError(f"read {path}", found, "name a smaller file") from error


def tell(error: OSError | ValueError) -> str:
    """Return what the system says of a file, without the file's name.

    Example:
        >>> tell(FileNotFoundError(2, "No such file or directory", "x"))
        'No such file or directory'
    """
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def gzip_bytes(content: bytes) -> int:
    """Return the size of `content` in bytes after gzip -9, what a download of it costs."""
    return len(gzip.compress(content, compresslevel=9, mtime=0))
