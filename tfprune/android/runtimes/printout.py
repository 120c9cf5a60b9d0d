"""What LiteRT's benchmark_model prints, as numbers.

Sources: LiteRT, tflite/tools/benchmark/benchmark_model.cc and benchmark_tflite_model.cc; the line
of times is `Stat` and `StatWithPercentiles` of XLA's tsl/util/stats_calculator.h. Older versions
put no `INFO: ` before a line, tell no percentiles, and begin the line with `curr=`.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tfprune.errors import PruneError

_STATISTICS = re.compile(r"\b(\w+)=([\d.e+]+)")
_STARTED = re.compile(r"Init: (\d+), First inference: (\d+)")
_MEMORY = re.compile(r"\(MB\): init=\S+ overall=([\d.e+]+)")
_DELEGATE = re.compile(r"Explicitly applied (\w+) delegate.* will be (completely|partially)")
_UNUSED = re.compile(r"Though \w+ delegate is explicitly applied, .* will not be")


@dataclass(frozen=True, kw_only=True)
class Printout:
    """One process: one model in one round.

    Args:
        runs: Timed runs.
        ms: Their median, or what an older version tells instead: their mean.
        is_median: Which of the two.
        min_ms: The fastest of them.
        load_ms: From the file to an interpreter that is ready.
        first_ms: The first run.
        peak_memory_bytes: By how much the peak of its memory grew; None if it does not tell.
        delegate: What took ops, `"builtin kernels"` if nothing did; `""` if it does not tell.
        whole: Whether the delegate took every op; None if it does not tell.
    """

    runs: int
    ms: float
    is_median: bool
    min_ms: float
    load_ms: float
    first_ms: float
    peak_memory_bytes: int | None
    delegate: str
    whole: bool | None


def read_printout(text: str, label: str = "a model") -> Printout:
    """Read what it printed.

    Args:
        text: All of it.
        label: Of which model.

    Raises:
        PruneError: the times are not in it, or it could not tell them from 0.

    Example:
        >>> told = '''count=1 curr=131
        ... count=9 first=110 curr=118 min=108 max=124 avg=119.5 std=4
        ... Inference timings in us: Init: 870, First inference: 131, Warmup (avg): 131'''
        >>> printout = read_printout(told)
        >>> printout.runs, printout.ms, printout.min_ms, printout.load_ms
        (9, 0.1195, 0.108, 0.87)
    """
    counted: list[dict[str, str]] = [
        dict(_STATISTICS.findall(line)) for line in text.splitlines() if "count=" in line
    ]
    started, memory = _STARTED.search(text), _MEMORY.search(text)
    asked = f"time {label} on the phone"
    if len(counted) < 2 or started is None:
        last = "; ".join(text.splitlines()[-3:])
        found = f"no times in what benchmark_model printed: {last}"
        raise PruneError(asked, found, "try a newer one")
    times = counted[-1]  # before it come those of the warm-up
    delegate, whole = _read_delegate(text)
    middle = times.get("median", times.get("avg", times["curr"]))  # all the same: curr alone
    if not float(middle):
        found = "its runs take no whole microsecond, in which benchmark_model counts"
        raise PruneError(asked, found, "use another --runtime")
    return Printout(
        runs=int(times["count"]),
        ms=float(middle) / 1e3,
        is_median="avg" not in times or "median" in times,
        min_ms=float(times.get("min", middle)) / 1e3,
        load_ms=int(started.group(1)) / 1e3,
        first_ms=int(started.group(2)) / 1e3,
        peak_memory_bytes=int(float(memory.group(1)) * 2**20) if memory else None,
        delegate=delegate,
        whole=whole,
    )


def _read_delegate(text: str) -> tuple[str, bool | None]:
    applied = _DELEGATE.search(text)
    if applied:
        return applied.group(1), applied.group(2) == "completely"
    return "builtin kernels" if _UNUSED.search(text) else "", None


def make_row(told: Sequence[Printout], xnnpack: bool) -> dict[str, Any]:
    """Return the row of one model, as docs/android.md has it, but for its outputs.

    Args:
        told: One for each round.
        xnnpack: Whether XNNPACK might take ops.
    """
    peaks = [one.peak_memory_bytes for one in told if one.peak_memory_bytes is not None]
    return {
        "load_ms": statistics.median(one.load_ms for one in told),
        "first_ms": statistics.median(one.first_ms for one in told),
        "settled": None,
        "rounds_ms": [[one.ms] for one in told],
        "told": "median" if all(one.is_median for one in told) else "mean",
        "runs": sum(one.runs for one in told),
        "min_ms": min(one.min_ms for one in told),
        "peak_memory_bytes": max(peaks) if peaks else None,
        "delegate": told[0].delegate or ("unknown" if xnnpack else "builtin kernels"),
        "fully_accelerated": told[0].whole,
        "ops": None,
    }
