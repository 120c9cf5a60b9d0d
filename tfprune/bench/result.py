"""What a benchmark returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune.notes import Note
from tfprune.runners import OpTime
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class BenchmarkRow:
    """One model's numbers; times in milliseconds, sizes in bytes.

    Args:
        label: The name it was given.
        path: The file.
        bytes: Its size.
        gzip_bytes: Its size after gzip -9.
        median_ms: Median over all timed runs of all rounds.
        p10_ms: The time that 10 % of the runs stay below.
        p90_ms: The time that 90 % of the runs stay below.
        min_ms: The fastest run.
        first_ms: The first run after loading.
        load_ms: Building the interpreter, applying delegates, allocating tensors.
        peak_memory_bytes: Peak resident memory above the imports; None if the OS does not tell.
        ratio: The baseline's median over this model's, the median over the rounds.
        ratio_low: The same of the least favourable round.
        ratio_high: The same of the most favourable round.
        ratio_of_minima: The baseline's fastest run over this model's: other programs on a busy
            machine interrupt long runs more than short ones, and so stretch `ratio`.
        runs: How many runs were timed.
        runtime: What ran it, with its version.
        sparse: Whether the file has sparse-encoded tensors.
        per_op: The time of each op, if it was asked for and could be had.
    """

    label: str
    path: str
    bytes: int
    gzip_bytes: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    min_ms: float
    first_ms: float
    load_ms: float
    peak_memory_bytes: int | None
    ratio: float
    ratio_low: float
    ratio_high: float
    ratio_of_minima: float
    runs: int
    runtime: str
    sparse: bool
    per_op: tuple[OpTime, ...] | None = None


@dataclass(frozen=True)
class BenchmarkResult(Shown):
    """All rows, how they were measured, and on what.

    Args:
        rows: One for each model; the first is the baseline.
        settings: The arguments of the benchmark.
        host: The machine, see `describe_host`.
        notes: What did not go as asked, and what the numbers cannot show.
    """

    rows: tuple[BenchmarkRow, ...]
    settings: dict[str, Any]
    host: dict[str, Any]
    notes: tuple[Note, ...] = field(default=())

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.bench.table import benchmark_table

        return benchmark_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        return asdict(self)
