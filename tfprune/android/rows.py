"""From what a runner printed of one model to its row."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from tfprune import files
from tfprune.android.checking import Reference, check
from tfprune.android.result import PhoneRow
from tfprune.bench.spread import fastest, ratio, spread
from tfprune.runners import OpTime
from tfprune.tflite.reading import read_tflite


def make_row(
    label: str,
    reference: Reference,
    measured: dict[str, Any],
    profiled: dict[str, Any],
    baseline: Sequence[Sequence[float]],
    runtime: str,
) -> PhoneRow:
    """Summarize one model.

    Args:
        label: What the user calls it.
        reference: What it computes here.
        measured: Its row of the runner's `models`.
        profiled: Its row of another run that timed each op, or `{}`.
        baseline: `rounds_ms` of the first model.
        runtime: What ran it.
    """
    content = files.read_bytes(reference.path)
    rounds = measured["rounds_ms"]
    times, against = spread([ms for one in rounds for ms in one]), ratio(baseline, rounds)
    return PhoneRow(
        label=label,
        path=reference.path,
        bytes=len(content),
        gzip_bytes=files.gzip_bytes(content),
        median_ms=times.median,
        p10_ms=times.p10,
        p90_ms=times.p90,
        min_ms=measured.get("min_ms", times.min),
        first_ms=measured["first_ms"],
        load_ms=measured["load_ms"],
        peak_memory_bytes=measured["peak_memory_bytes"],
        ratio=against.median,
        ratio_low=against.low,
        ratio_high=against.high,
        ratio_of_minima=fastest(baseline) / times.min,
        runs=measured.get("runs", sum(len(one) for one in rounds)),
        runtime=runtime,
        sparse=any(tensor.sparse for tensor in read_tflite(reference.path).tensors),
        per_op=_ops(profiled.get("ops")),
        delegate=_delegate(measured),
        checks=check(reference, measured["outputs"]),
    )


def _ops(rows: Sequence[tuple[str, Sequence[float]]] | None) -> tuple[OpTime, ...] | None:
    if not rows:
        return None
    return tuple(OpTime(name, statistics.median(us), min(us)) for name, us in rows)


def _delegate(measured: dict[str, Any]) -> str:
    name, whole = str(measured["delegate"]), measured["fully_accelerated"]
    if name == "builtin kernels" or whole is None:
        return name
    return f"{name}, {'every op' if whole else 'not every op'}"
