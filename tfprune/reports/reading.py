"""Write frozen dataclasses as JSON and read them back, checking every field."""

from __future__ import annotations

import dataclasses
import json
import os
import types
import typing
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from tfprune import files
from tfprune.errors import FileError
from tfprune.tables import Shown

T = TypeVar("T")


def read_as(kind: type[T], values: Any, where: str = "") -> T:
    """Build the dataclass `kind` from a dictionary that JSON gave.

    Fields may be str, int, float, bool, None, Any, unions of these, dictionaries with string
    keys, tuples of one type, and dataclasses of the same kind. Unknown keys are left out, so that
    a newer file with more optional fields can still be read.

    Raises:
        ValueError: a field is missing or of a wrong type; the text names it.

    Example:
        >>> from tfprune.notes import Note
        >>> read_as(Note, {"subject": "head", "reason": "too small"})
        Note(subject='head', reason='too small')
    """
    if not isinstance(values, dict):
        raise ValueError(f"{where or 'the record'} should be an object, not {_kind(values)}")
    hints = typing.get_type_hints(kind)
    read = {}
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        place = f"{where}.{field.name}" if where else field.name
        if field.name in values:
            read[field.name] = _convert(hints[field.name], values[field.name], place)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{place} is missing")
    return kind(**read)


def _convert(hint: Any, value: Any, where: str) -> Any:
    if hint is Any:
        return value
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _convert(arguments[0], value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_convert(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is dict and isinstance(value, dict):
        return {k: _convert(arguments[1], item, f"{where}.{k}") for k, item in value.items()}
    if dataclasses.is_dataclass(hint):
        return read_as(typing.cast(type, hint), value, where)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        expected = getattr(origin or hint, "__name__", str(hint))
        raise ValueError(f"{where} should be {expected}, not {_kind(value)}")
    return value


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__


class JsonRecord(Shown):
    """A dataclass that `report.json` holds; read back, every field and number is looked at."""

    schema: ClassVar[str]
    """What the file says it is."""

    @abstractmethod
    def checked(self) -> Any:
        """Return itself if its numbers can have been measured.

        Raises:
            ValueError: they cannot; the field is named.
        """

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a JSON-ready dictionary."""
        record: Any = self
        return {"schema": self.schema, **dataclasses.asdict(record)}

    def to_json(self) -> str:
        """Return the text of `report.json`."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `report.json`, whole or not at all."""
        files.write_text(path, self.to_json())

    @classmethod
    def from_json(cls: type[T], text: str | bytes, source: str = "report.json") -> T:
        """Read the text of a `report.json`; `source` names it in errors.

        Raises:
            FileError: it is no JSON, of another schema, or a field is missing, of a wrong type,
                or no number that can have been measured.
        """
        kind: Any = cls
        try:
            values = json.loads(text)
            json.dumps(values, ensure_ascii=False).encode()  # half a letter can't be written
        except (ValueError, RecursionError) as error:
            raise foreign(source, f"it is no JSON: {error}") from error
        found = values.pop("schema", None) if isinstance(values, dict) else None
        if found != kind.schema:
            raise foreign(source, f"its schema is {found!r}, not {kind.schema!r}")
        try:
            record: T = read_as(kind, values).checked()
        except ValueError as error:
            raise foreign(source, str(error)) from error
        return record

    @classmethod
    def load(cls: type[T], path: str | os.PathLike[str]) -> T:
        """Read a `report.json`, or the one in a folder."""
        kind: Any = cls
        target = Path(path) / "report.json" if Path(path).is_dir() else Path(path)
        record: T = kind.from_json(files.read_bytes(target), str(target))
        return record


def foreign(source: str, found: str) -> FileError:
    """Return the error for a file that is no report."""
    fix = "run `tfprune demo` or `tfprune report` again; they write report.json"
    return FileError(f"read the report {source}", found, fix)
