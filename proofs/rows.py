"""The finished rows of a proof, one line of JSON each: an interrupted run goes on where it was."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from tfprune.errors import FileError, first_line
from tfprune.files import write_text

Row = TypeVar("Row")


def to_line(row: Any) -> str:
    """Return a dataclass as one line of JSON."""
    return json.dumps(asdict(row))


def append_row(path: Path, row: Any) -> None:
    """Write a finished row behind the others."""
    with path.open("a", encoding="utf-8") as file:
        file.write(to_line(row) + "\n")


def read_rows(path: Path, kind: type[Row]) -> list[Row]:
    """Read finished rows; the last line is dropped if an interruption cut it short.

    Args:
        path: Where they are; no file means no rows.
        kind: The dataclass of the rows.

    Raises:
        FileError: another line is not a row.
    """
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    if lines[-1]:
        write_text(path, "".join(f"{line}\n" for line in lines[:-1]))
    try:
        return [kind(**json.loads(line)) for line in lines[:-1]]
    except (ValueError, TypeError) as error:
        raise FileError(f"read {path}", first_line(error), "start anew with --fresh") from error


def spread(values: Sequence[float], digits: int) -> str:
    """Return the mean as text, and the lowest and highest where there are several.

    Example:
        >>> spread([2.0], 1), spread([1.0, 2.0], 2)
        ('2.0', '1.50 (1.00 to 2.00)')
    """
    mean = f"{statistics.mean(values):.{digits}f}"
    if len(values) == 1:
        return mean
    return f"{mean} ({min(values):.{digits}f} to {max(values):.{digits}f})"
