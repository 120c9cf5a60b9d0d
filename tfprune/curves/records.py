"""Records that are printed, and kept as JSON files that are checked when they are read."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import msgspec

from tfprune import files
from tfprune.errors import FileError, PruneError
from tfprune.tables import Shown

T = TypeVar("T", bound="SavedRecord")


@dataclass(frozen=True)
class SavedRecord(Shown):
    """A dataclass whose `print` is a table and whose `save` is a JSON file."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as JSON, for `read`, whole or not at all."""
        files.write_json(path, msgspec.to_builtins(self))

    @classmethod
    def read(cls: type[T], path: str | os.PathLike[str]) -> T:
        """Return what `save` wrote.

        Raises:
            FileError: there is no such file, or it holds something else.
        """
        content = files.read_bytes(path)
        try:
            return msgspec.json.decode(content, type=cls)
        except (msgspec.DecodeError, PruneError) as error:
            found = str(error)
            fix = f"give a file that {cls.__name__}.save wrote"
            raise FileError(f"read {cls.__name__} from {path}", found, fix) from error

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for JSON."""
        return asdict(self)
