"""Time .tflite files side by side."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from tfprune.bench.host import busy, describe_host, load_average
from tfprune.bench.naming import Models, name_models
from tfprune.bench.result import BenchmarkResult
from tfprune.bench.session import Session
from tfprune.bench.spread import share
from tfprune.errors import PruneError
from tfprune.notes import Note
from tfprune.progress import track
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
    with ExitStack() as stack:
        sessions = [
            Session(label, path, inputs, stack, threads=threads, xnnpack=xnnpack, runtime=runtime)
            for label, path in track(list(name_models(models).items()), "loading")
        ]
        notes = [note for session in sessions for note in session.notes]
        notes += [note for session in sessions for note in session.warm_up(warmup)]
        for session, count in track(turns(sessions, share(runs, rounds)), "timing"):
            session.measure(count)
        host["load_average_after"] = load_average()
        rows = [session.row(sessions[0], per_op) for session in sessions]
    more = [note for _, notes_of_row in rows for note in notes_of_row]
    return BenchmarkResult(
        rows=tuple(row for row, _ in rows),
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
        notes=(*notes, *more, *_host_notes(sessions, host, threads), *busy(host, threads)),
    )


def turns(sessions: Sequence[Any], counts: Sequence[int]) -> list[tuple[Any, int]]:
    """Return who runs when and how often: every other round goes backwards.

    Example:
        >>> turns(["a", "b"], [3, 2])
        [('a', 3), ('b', 3), ('b', 2), ('a', 2)]
    """
    order = list(sessions)
    return [
        (session, count)
        for i, count in enumerate(counts)
        for session in (order if i % 2 == 0 else order[::-1])
    ]


def _check(runs: int, rounds: int, warmup: int | None) -> None:
    if rounds < 1:
        raise PruneError(f"rounds={rounds}", "at least one round is needed", "rounds=5")
    if runs < rounds:
        raise PruneError(
            f"runs={runs}, rounds={rounds}", "a round would be empty", f"runs={rounds}"
        )
    if warmup is not None and warmup < 0:
        raise PruneError(f"warmup={warmup}", "it counts runs", "warmup=0, or None for automatic")


def _host_notes(sessions: Sequence[Session], host: dict[str, Any], threads: int) -> list[Note]:
    notes = []
    if not host["runs_sparse_kernels"]:
        reason = f"sparse on ARM64; this {host['machine']} host runs it dense"
        notes += [Note(session.label, reason) for session in sessions if session.sparse]
    if threads > host["cores"]:
        notes.append(Note("threads", f"{threads} asked for, this process may use {host['cores']}"))
    return notes
