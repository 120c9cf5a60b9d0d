"""Reading zip files, whose few bytes may claim to become many."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from tfprune.errors import FileError, first_line
from tfprune.files.reading import PathLike, check_regular

LEAST_LIMIT = 2**28
"""How many bytes may come out of any file, however small: 256 MiB."""
_MOST_RATIO = 64
"""How many times its size a larger file may become; deflate reaches 1032."""

# What `zipfile` and the decompressors raise; RuntimeError is for a password.
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
           RuntimeError, KeyError, MemoryError)  # fmt: skip


def check_unpacked(path: PathLike, stored: int, unpacked: int, fix: str) -> None:
    """Refuse a file that would take far more memory than it is large.

    Args:
        path: The file, for the error.
        stored: Its size in bytes.
        unpacked: How many bytes it claims to hold.
        fix: What to do instead.

    Raises:
        FileError: it is more than 256 MiB and more than 64 times the size of the file.

    Example:
        >>> check_unpacked("inputs.npz", 300, 2**33, "save fewer samples")
        Traceback (most recent call last):
        ...
        tfprune.errors.FileError: asked: read inputs.npz
        found: its 300 bytes claim to hold 8,589,934,592
        fix: save fewer samples
    """
    if unpacked > most_unpacked(stored):
        raise FileError(f"read {path}", f"its {stored:,} bytes claim to hold {unpacked:,}", fix)


def most_unpacked(stored: int) -> int:
    """Return how many bytes a file of `stored` bytes may become: 256 MiB, or 64 times its size.

    Example:
        >>> most_unpacked(300), most_unpacked(2**30) // 2**30
        (268435456, 64)
    """
    return max(LEAST_LIMIT, _MOST_RATIO * stored)


@contextmanager
def open_archive(path: PathLike, fix: str) -> Iterator[zipfile.ZipFile]:
    """Open a zip file whose members together stay within what its size allows.

    No member gives more bytes than it claims, for `zipfile` stops there. What goes wrong while it
    is read, in the body, is told as an error of this file.

    Args:
        path: The file.
        fix: What to do if it is broken, for the error.

    Raises:
        FileError: it is missing, no zip file, broken, or claims too much.
    """
    stored = check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            check_unpacked(path, stored, sum(member.file_size for member in members), fix)
            yield archive
    except FileError:
        raise
    except _BROKEN as error:
        found = error.args[0] if isinstance(error, KeyError) else first_line(error)
        raise FileError(f"read {path}", str(found), fix) from error


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Read one member of an archive, of at most `most` bytes.

    Raises:
        KeyError: there is none of this name.
        ValueError: it is larger.
    """
    size = archive.getinfo(name).file_size
    if size > most:
        raise ValueError(f"{name} claims {size:,} bytes, at most {most:,} are read")
    return archive.read(name)
