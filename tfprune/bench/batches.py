"""Measure many files some at a time: each has a process, and a machine has room for a few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from tfprune.bench.result import BenchmarkRow
from tfprune.bench.session import Session
from tfprune.notes import Note
from tfprune.progress import track

MOST_LIVE = 16


def measure(
    models: Mapping[str, str],
    counts: Sequence[int],
    warmup: int | None,
    per_op: bool,
    **settings: Any,
) -> tuple[list[Session], list[BenchmarkRow], list[Note]]:
    """Time files in interleaved rounds, at most 16 in a batch, the baseline in each.

    Args:
        models: Label → path; the first is the baseline.
        counts: Runs of each file in each round.
        warmup: Untimed runs before, or None for as many as it takes.
        per_op: Also time each op.
        settings: What `Session` takes.

    Returns:
        The sessions, whose processes have ended, one row for each, and notes.
    """
    first, *others = models.items()
    step = MOST_LIVE - 1
    batches = [others[i : i + step] for i in range(0, len(others), step)] or [[]]
    sessions: list[Session] = []
    rows: list[BenchmarkRow] = []
    notes: list[Note] = []
    for batch in batches:
        with ExitStack() as stack:
            live = [
                Session(label, path, stack=stack, **settings)
                for label, path in track([first, *batch], "loading")
            ]
            new = live[1:] if sessions else live
            notes += [note for session in new for note in session.notes]
            notes += [note for session in live for note in session.warm_up(warmup)]
            for session, count in track(turns(live, counts), "timing"):
                session.measure(count)
            for session in new:
                row, more = session.row(live[0], per_op)
                rows.append(row)
                notes += more
            sessions += new
    if len(batches) > 1:
        reason = f"{len(models)} files: {MOST_LIVE} at a time, each batch with the baseline"
        notes.append(Note("rounds", reason))
    return sessions, rows, notes


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
