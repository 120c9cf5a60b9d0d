"""Targets: where files are timed, and many files timed there in one visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfprune.errors import PruneError, near
from tfprune.notes import Note

TARGETS = ("host", "arm64-emulated", "android")
_ON_A_PHONE = 12
"""Files that have a process on the phone at the same time."""


@dataclass(frozen=True)
class FileCosts:
    """What each of some files took.

    Args:
        values: One for each file.
        unit: "ms" or "instructions".
        device: On what, in words.
        notes: What the numbers cannot show.
    """

    values: list[float]
    unit: str
    device: str
    notes: tuple[Note, ...] = ()


def check_target(
    target: str, others: Sequence[str] = (), fix: str = 'use "host" or "android:SERIAL"'
) -> None:
    """Check where files are to be timed.

    Args:
        target: The place.
        others: What else could have been meant.
        fix: What the error advises.

    Raises:
        PruneError: there is no such target.
    """
    if target.partition(":")[0] not in TARGETS or target.endswith(":"):
        found = f"there is no such target; near is {near(target, (*TARGETS, *others))}"
        raise PruneError(f"target={target!r}", found, fix)


def measure_files(paths: Sequence[Path], target: str, threads: int) -> FileCosts:
    """Measure many small files in turns.

    Args:
        paths: The files.
        target: "host" and "android" take milliseconds, "arm64-emulated" counts instructions.
        threads: Of the interpreter; an emulated core has one.

    Raises:
        PruneError: there is no such target, or nothing can be measured there.
    """
    check_target(target)
    if target == "host":
        return _on_host(paths, threads)
    if target == "arm64-emulated":
        return _emulated(paths)
    return _on_phone(paths, target.partition(":")[2] or None, threads)


def _on_host(paths: Sequence[Path], threads: int) -> FileCosts:
    from tfprune.bench.host import busy, describe_host, load_average
    from tfprune.bench.many import time_many

    host = describe_host()
    values = time_many(paths, threads=threads)
    host["load_average_after"] = load_average()
    return FileCosts(values, "ms", str(host["cpu"]), tuple(busy(host, threads)))


def _emulated(paths: Sequence[Path]) -> FileCosts:
    from tfprune.bench import count_instructions

    found = count_instructions({f"{i} {path.stem}": str(path) for i, path in enumerate(paths)})
    values = [float(row.instructions) for row in found.rows]
    return FileCosts(values, "instructions", f"emulated {found.cpu}", found.notes)


def _on_phone(paths: Sequence[Path], serial: str | None, threads: int) -> FileCosts:
    from tfprune.android import benchmark_android

    values: list[float] = []
    notes: list[Note] = []
    device = ""
    for start in range(0, len(paths), _ON_A_PHONE):
        models = {f"{i} {p.stem}": str(p) for i, p in enumerate(paths[start : start + _ON_A_PHONE])}
        found = benchmark_android(models, serial=serial, threads=threads, runs=45, rounds=3)
        values += [row.median_ms for row in found.rows]
        notes += [note for note in found.notes if note.subject not in models]
        device = str(found.host.get("model") or found.host.get("device") or "a phone")
    return FileCosts(values, "ms", device, tuple(dict.fromkeys(notes)))
