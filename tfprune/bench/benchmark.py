"""Time .tflite files side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tfprune.bench.batches import measure
from tfprune.bench.host import busy, describe_host, load_average
from tfprune.bench.naming import Models, name_models
from tfprune.bench.result import BenchmarkResult, BenchmarkRow
from tfprune.bench.session import Session
from tfprune.bench.spread import share
from tfprune.errors import PruneError
from tfprune.notes import Note
from tfprune.runners import Inputs


def benchmark(
    models: Models,
    *,
    threads: int = 1,
    runs: int = 50,
    rounds: int = 5,
    warmup: int | None = None,
    xnnpack: bool = True,
    runtime: str = "auto",
    inputs: Inputs = None,
    per_op: bool = False,
) -> BenchmarkResult:
    """Time one or more .tflite files with the interpreter, interleaved, and compare with the first.

    Each model is loaded in a process of its own. In every round each one runs `runs / rounds`
    times while the others wait; every other round goes through them backwards, so that a drift
    of the machine's clock hits all alike. Only the invocation is timed.

    Args:
        models: A path, a list of paths, or a dict from label to path; the first is the baseline.
        threads: Threads of the interpreter.
        runs: Timed runs of each model in all rounds together.
        rounds: In how many turns.
        warmup: Untimed runs before the first round; None runs until two batches of five have
            medians within 5 % of each other, at most 105 runs or 5 s.
        xnnpack: Whether the XNNPACK delegate may take ops.
        runtime: `"auto"`, `"ai-edge-litert"` or `"tflite-runtime"`.
        inputs: For all models, in any form that `fit` takes, or a path (docs/data.md), by the
            model's names of its inputs or in their order; the first batch of them is run. By
            default random ones of seed 0. Dense kernels take the same time for any values.
        per_op: Also time each op, in a run of its own.

    Returns:
        A `BenchmarkResult`, one row for each model, with `to_dict()` for JSON.

    Raises:
        FileError: a file is missing, foreign or truncated.
        PruneError: a bad argument, a missing runtime, or a runtime that crashed.

    Example:
        >>> result = benchmark({"dense": "a.tflite", "int8": "b.tflite"})     # doctest: +SKIP
        >>> [f"{row.label} {row.ratio:.2f}x" for row in result.rows]          # doctest: +SKIP
        ['dense 1.00x', 'int8 2.31x']
    """
    _check(runs, rounds, warmup)
    host = describe_host()
    sessions, rows, notes = measure(
        name_models(models),
        share(runs, rounds),
        warmup,
        per_op,
        inputs=inputs,
        threads=threads,
        xnnpack=xnnpack,
        runtime=runtime,
    )
    host["load_average_after"] = load_average()
    return BenchmarkResult(
        rows=tuple(rows),
        settings={
            "threads": threads,
            "runs": runs,
            "rounds": rounds,
            "warmup": warmup,
            "xnnpack": xnnpack,
            "runtime": runtime,
            "inputs": "random" if inputs is None else "given",
        },
        host=host,
        notes=(
            *notes,
            *unproven(rows),
            *_host_notes(sessions, host, threads),
            *busy(host, threads),
        ),
    )


def _check(runs: int, rounds: int, warmup: int | None) -> None:
    if rounds < 1:
        raise PruneError(f"rounds={rounds}", "at least one round is needed", "rounds=5")
    if runs < rounds:
        raise PruneError(
            f"runs={runs}, rounds={rounds}", "a round would be empty", f"runs={rounds}"
        )
    if warmup is not None and warmup < 0:
        raise PruneError(f"warmup={warmup}", "it counts runs", "warmup=0, or None for automatic")


def unproven(rows: Sequence[BenchmarkRow]) -> Iterator[Note]:
    """Yield what these times do not show: a lone file's speed, a ratio that goes both ways."""
    if len(rows) == 1:
        reason = "nothing to compare it with: name the dense float32 file first"
        yield Note(rows[0].label, reason)
    for row in rows[1:]:
        if row.ratio_low < 1 < row.ratio_high:
            between = f"{row.ratio_low:.2f}x to {row.ratio_high:.2f}x"
            yield Note(row.label, f"neither faster nor slower: {between} in different rounds")


def _host_notes(sessions: Sequence[Session], host: dict[str, Any], threads: int) -> list[Note]:
    notes = []
    if not host["runs_sparse_kernels"]:
        reason = f"sparse on ARM64; this {host['machine']} host runs it dense"
        notes += [Note(session.label, reason) for session in sessions if session.sparse]
    if threads > host["cores"]:
        notes.append(Note("threads", f"{threads} asked for, this process may use {host['cores']}"))
    return notes
