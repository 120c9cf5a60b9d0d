"""A CSV file: one row for each sample, one column for each feature."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.data.wanted import Wanted
from tfprune.errors import FileError

_TARGETS = "y"


def read_csv(path: Path, wanted: Wanted) -> Any:
    """Return the columns of a CSV file as inputs, or as (inputs, targets, sample weights).

    A first row without numbers names the columns. Those called as the model's inputs (with several
    columns of one input as `name_0`, `name_1`, ...), its outputs, `y` or `sample_weight` are what
    they are called; if no input is named, all others together are the features of the one input.

    Raises:
        FileError: it is empty, or a cell is no number; the line and the column are named.
    """
    names, rows = _cells(path)
    values = _numbers(path, names, rows)
    if names is None:
        return values
    from tfprune.data.paths import told_apart

    columns: dict[str, Any] = dict(zip(names, values.T, strict=True))
    named = {s.name: _columns(columns, s.name) for s in wanted.inputs or ()}
    if not all(found is not None for found in named.values()) or not named:
        targets = {_TARGETS, "sample_weight", *wanted.outputs}
        features = [column for name, column in columns.items() if name not in targets]
        named = {"x": np.stack(features, axis=1)} if features else {}
    rest = {n: columns[n] for n in (_TARGETS, "sample_weight", *wanted.outputs) if n in columns}
    return told_apart({**named, **rest}, wanted)


def _columns(columns: dict[str, Any], name: str) -> NDArray[Any] | None:
    if name in columns:
        return columns[name]
    several = [columns[n] for n in (f"{name}_{i}" for i in range(len(columns))) if n in columns]
    return np.stack(several, axis=1) if several else None


def _cells(path: Path) -> tuple[list[str] | None, list[list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FileError(f"read {path}", str(error), "save it as CSV in UTF-8") from error
    header = rows[0] if rows and not any(_is_number(cell) for cell in rows[0]) else None
    rows = rows[1:] if header else rows
    if not rows:
        raise FileError(f"read {path}", "it holds no rows of numbers", "write a row per sample")
    return header, rows


def _numbers(path: Path, names: list[str] | None, rows: list[list[str]]) -> NDArray[np.float64]:
    width, first = len(names or rows[0]), 2 if names else 1
    for line, row in enumerate(rows, first):
        if len(row) != width:
            found = f"row {line} has {len(row)} cells, others have {width}"
            raise FileError(f"read {path}", found, "give each row a value for each column")
        for column, cell in enumerate(row):
            if not _is_number(cell):
                where = repr(names[column]) if names else str(column + 1)
                found = f"{cell!r} in row {line}, column {where} is no number"
                raise FileError(f"read {path}", found, "encode it as in training, as a number")
    return np.array(rows, np.float64)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
