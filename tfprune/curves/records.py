"""Records as JSON files, checked when they are read."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import msgspec

from tfprune import files
from tfprune.errors import FileError, PruneError

T = TypeVar("T")


def write_record(record: Any, path: str | os.PathLike[str]) -> None:
    """Write a dataclass as JSON, whole or not at all."""
    files.write_json(path, msgspec.to_builtins(record))


def read_record(kind: type[T], path: str | os.PathLike[str]) -> T:
    """Return the dataclass that a JSON file holds.

    Raises:
        FileError: there is no such file, or it holds something else.
    """
    content = files.read_bytes(path)
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, PruneError) as error:
        found = str(error)
        fix = f"give a file that {kind.__name__}.save wrote"
        raise FileError(f"read {kind.__name__} from {path}", found, fix) from error
