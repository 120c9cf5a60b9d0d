"""Writing files so that an interruption loses nothing."""

from __future__ import annotations

import contextlib
import json
import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfprune.errors import FileError
from tfprune.files.owners import owned_name, sweep
from tfprune.files.reading import PathLike, kind_of, tell

_MOST_SUFFIX = 32
_PREFIX = ".tfp"


@contextlib.contextmanager
def replacing(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path` and rename it to `path` on success.

    On an error, a full disk or Ctrl-C the temporary file is removed and `path` is what it was. A
    link stays one: the file that it leads to is replaced. A file that was there keeps its rights.
    What is written is on the disk, not in the system's memory, when this returns.

    Raises:
        FileError: the folder does not exist, something other than a file has this name, or the
            file cannot be written there.

    Example:
        >>> import tempfile, pathlib
        >>> target = pathlib.Path(tempfile.mkdtemp()) / "a.txt"
        >>> with replacing(target) as temporary:
        ...     _ = temporary.write_text("whole")
        >>> target.read_text()
        'whole'
    """
    named = Path(path)
    try:
        target, rights = _look(named)
        temporary = _create(target.parent, named.suffix, private=rights is not None)
    except (OSError, ValueError) as error:
        raise error if isinstance(error, FileError) else _cannot_write(named, error) from error
    try:
        yield temporary
        _to_disk(temporary)
        if rights is not None:
            os.chmod(temporary, rights)
        os.replace(temporary, target)
        _to_disk(target.parent)
    except OSError as error:
        raise _cannot_write(named, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _look(named: Path) -> tuple[Path, int | None]:
    """Return the file that a name leads to, and the rights of one that is there."""
    target = Path(os.path.realpath(named))
    try:
        mode = os.stat(named).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and kind_of(mode):
        raise FileError(f"write {named}", f"it is {kind_of(mode)}", "name a file")
    if not target.parent.is_dir():
        folder = target.parent if named.is_symlink() else named.parent
        found, fix = f"the folder {folder} does not exist", f"create it first: mkdir -p {folder}"
        raise FileError(f"write {named}", found, fix)
    return target, None if mode is None else stat.S_IMODE(mode)


def _create(folder: Path, suffix: str, private: bool) -> Path:
    """Make an empty file in `folder`, with the rights that the umask leaves or ours alone."""
    sweep(folder, _PREFIX)
    # Some writers look at the suffix. A name may have 255 bytes in all.
    ending = suffix if len(os.fsencode(suffix)) <= _MOST_SUFFIX else ""
    path = folder / (owned_name(_PREFIX) + ending)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if private else 0o666))
    return path


def _to_disk(path: Path) -> None:
    """Wait until the disk has a file, or what a folder lists; not every system can for a folder."""
    folder = path.is_dir()
    if folder and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
    try:
        with contextlib.suppress(OSError) if folder else contextlib.nullcontext():
            os.fsync(handle)
    finally:
        os.close(handle)


class _Tried(Exception):
    """It could have been written."""


def check_writable(path: PathLike) -> None:
    """See whether a file can be written, before the long work whose result it is to hold.

    Raises:
        FileError: what `replacing` would raise.
    """
    with contextlib.suppress(_Tried), replacing(path):
        raise _Tried


def write_bytes(path: PathLike, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: PathLike, content: str) -> None:
    """Write `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode("utf-8", "replace"))


def write_json(path: PathLike, document: Mapping[str, Any]) -> None:
    """Write `document` as strict JSON, whole or not at all."""
    write_text(path, json.dumps(finite(document), indent=2, ensure_ascii=False) + "\n")


def finite(value: Any) -> Any:
    """Return a document for JSON, which has no word for what is infinite or no number: null.

    Example:
        >>> finite({"error": float("inf"), "rows": (1, 2.5)})
        {'error': None, 'rows': [1, 2.5]}
    """
    if isinstance(value, Mapping):
        return {name: finite(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cannot_write(target: Path, error: OSError | ValueError) -> FileError:
    return FileError(
        f"write {target}",
        tell(error),
        "free some space or choose another folder; nothing was changed",
    )
