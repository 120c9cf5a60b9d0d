"""A benchmark as tables."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.text import Text

from tfprune.bench.result import BenchmarkResult, BenchmarkRow
from tfprune.tables import Rows, noted, plain_table, wording


def benchmark_table(result: BenchmarkResult) -> Group:
    """Return the latencies, the first model being the baseline, and how they were taken."""
    columns = [
        "bytes",
        "load ms",
        "min ms",
        "median ms",
        "p10 to p90",
        "ratio",
        "of minima",
        "peak memory",
    ]
    table = plain_table("latency", "model", columns)
    for row in result.rows:
        table.add_row(
            row.label,
            wording.count(row.bytes),
            wording.milliseconds(row.load_ms),
            wording.milliseconds(row.min_ms),
            wording.milliseconds(row.median_ms),
            wording.spread(row.p10_ms, row.p90_ms),
            wording.ratio(row.ratio),
            wording.ratio(row.ratio_of_minima),
            wording.size(row.peak_memory_bytes),
        )
    facts = [f"{name}: {value}" for name, value in {**result.settings, **result.host}.items()]
    return Group(table, *op_tables(result.rows), Text("; ".join(facts)), *noted(result.notes))


def op_tables(rows: Iterable[BenchmarkRow]) -> list[Rows]:
    """Return a table of ops for each model whose ops were timed."""
    tables = []
    for row in rows:
        if row.per_op:
            table = plain_table(f"ops of {row.label}", "op", ["median us", "min us"])
            for op in row.per_op:
                table.add_row(op.name, f"{op.median_us:g}", f"{op.min_us:g}")
            tables.append(table)
    return tables
