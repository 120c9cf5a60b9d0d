"""Writing files so that an interruption loses nothing, and measuring their size."""

from __future__ import annotations

import contextlib
import gzip
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tfprune.errors import FileError


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` on success.

    On an error, a full disk or Ctrl-C the temporary file is removed and `path` is what it was.

    Raises:
        FileError: the folder does not exist, or the file cannot be written there.

    Example:
        >>> import tempfile, pathlib
        >>> target = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
        >>> with replacing(target) as temporary:
        ...     _ = temporary.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise FileError(
            f"write {target}",
            f"the folder {target.parent} does not exist",
            f"create it first: mkdir -p {target.parent}",
        )
    if target.is_dir():
        raise FileError(f"write {target}", "it is a folder", "name a file")
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem}-", suffix=target.suffix
        )
        os.close(handle)
    except OSError as error:
        raise _cannot_write(target, error) from error
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


class _Tried(Exception):
    """It could have been written."""


def check_writable(path: str | os.PathLike[str]) -> None:
    """See whether a file can be written, before the long work whose result it is to hold.

    Raises:
        FileError: what `replacing` would raise.
    """
    with contextlib.suppress(_Tried), replacing(path):
        raise _Tried


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """Write `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file.

    Raises:
        FileError: the file does not exist or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise FileError(
            f"read {path}", error.strerror or str(error), "check the path and its permissions"
        ) from error


def gzip_bytes(content: bytes) -> int:
    """Return the size of `content` in bytes after gzip -9, what a download of it costs."""
    return len(gzip.compress(content, compresslevel=9, mtime=0))


def _cannot_write(target: Path, error: OSError) -> FileError:
    return FileError(
        f"write {target}",
        error.strerror or str(error),
        "free some space or choose another folder; nothing was changed",
    )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
