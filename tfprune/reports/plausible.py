"""Whether the numbers of a record can have been measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

_LARGEST = 1e100  # what is drawn is squared and scaled
_MOST = 2**53  # as far as a float64 counts
_SHARES = ("accuracy", "sparsity", "val_accuracy", "planned")
_COUNTS = (
    "bytes",
    "gzip_bytes",
    "params",
    "zeros",
    "peak_memory_bytes",
    "samples",
    "epoch",
    "macs",
    "instructions",
)
_TIMES = ("median_ms", "p10_ms", "p90_ms", "load_ms", "ratio", "phone_ms")


def check_plausible(record: Any, parts: Sequence[str]) -> None:
    """Raise ValueError for a number that no run can have, naming its field.

    `parts` are the names of the fields of the record that hold rows of numbers.

    Shares are 0 to 1, counts and times not negative, sizes of files above 0, and a median lies
    between its percentiles.
    """
    rows: dict[str, Any] = {"": record}
    for name in parts:
        rows |= {f"{name}[{i}].": row for i, row in enumerate(getattr(record, name))}
    for where, row in rows.items():
        for field, value in vars(row).items():
            _check(where + field, field, value)
        _check_order(where, row)


def _check(where: str, field: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    if field in _SHARES and not 0 <= value <= 1:
        raise ValueError(f"{where} should be 0 to 1, not {value}")
    if field in (*_COUNTS, *_TIMES) and not 0 <= value <= _MOST:
        raise ValueError(f"{where} should be a number from 0 on, not {value}")
    if field in ("bytes", "gzip_bytes") and value == 0:
        raise ValueError(f"{where} should be above 0")
    if not math.isnan(value) and abs(value) > _LARGEST:
        raise ValueError(f"{where} should be a number that can be drawn, not {value}")


def _check_order(where: str, row: Any) -> None:
    low, middle, high = (vars(row).get(name) for name in ("p10_ms", "median_ms", "p90_ms"))
    if middle is not None and not (low or 0) <= middle <= (middle if high is None else high):
        raise ValueError(f"{where}median_ms should lie between p10_ms and p90_ms")
    zeros, params = vars(row).get("zeros"), vars(row).get("params")
    if zeros is not None and params is not None and zeros > params:
        raise ValueError(f"{where}zeros should be at most params")
