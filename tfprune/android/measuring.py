"""One visit to a phone: install a runtime, copy the models, time them, and leave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.android.checking import Reference
from tfprune.android.device.adb import Adb
from tfprune.android.device.description import read_state
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.runtime import Runtime
from tfprune.errors import PruneError
from tfprune.notes import Note
from tfprune.progress import track

_PROFILED_RUNS = 20
Tries = Sequence[tuple[str, Callable[[], Runtime]]]


class RuntimeRefused(PruneError):
    """This runtime does not start on this phone; another one may."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a visit brought back.

    Args:
        runtime: What ran the models.
        timed: The rows of the runner's document.
        profiled: Those of another run that timed each op, or empty rows.
        before: The phone's state before the timing.
        after: And after it.
        notes: Which runtimes did not start.
    """

    runtime: str
    timed: list[dict[str, Any]]
    profiled: list[dict[str, Any]]
    before: dict[str, Any]
    after: dict[str, Any]
    notes: tuple[Note, ...]


def visit(
    adb: Adb, tries: Tries, references: Sequence[Reference], plan: RunnerPlan, per_op: bool
) -> Visit:
    """Time models on a phone and leave nothing behind.

    Args:
        adb: The phone.
        tries: Runtimes, each with a function that fetches it; the first that starts is taken.
        references: The models with their inputs.
        plan: How to time them.
        per_op: Whether to time each op, too; in another run, since to watch takes time.

    Raises:
        PhoneLost: the phone went away.
        PruneError: no runtime starts, the phone is full, or a model fails.
    """
    with RemoteFolder(adb) as folder:
        runtime, notes = _install(folder, tries)
        _copy(folder, runtime, references)
        before = read_state(adb)
        timed = runtime.run(folder, plan, references)
        after = read_state(adb)
        watched = replace(plan, warmup=1, rounds=(), profile=_PROFILED_RUNS)
        profiled = runtime.run(folder, watched, references) if per_op else [{} for _ in timed]
    return Visit(
        runtime=runtime.name,
        timed=timed,
        profiled=profiled,
        before=before,
        after=after,
        notes=tuple(notes),
    )


def _install(folder: RemoteFolder, tries: Tries) -> tuple[Runtime, list[Note]]:
    """Install the first runtime that can be had and starts; a note for each that does not."""
    notes: list[Note] = []
    for name, fetch in tries:
        try:
            runtime = fetch()
            _start(folder, runtime)
        except RuntimeRefused as error:
            failure: PruneError = error
            notes.append(Note(name, f"does not start on this phone: {error.found}"))
        except PruneError as error:
            if type(error) is not PruneError:  # lost, or the user's own file
                raise
            failure = error
            notes.append(Note(name, f"cannot be had: {error.found}"))
        else:
            return runtime, notes
    if len(notes) == 1:
        raise failure
    raise PruneError(failure.asked, "; ".join(map(str, notes)), failure.fix) from failure


def _start(folder: RemoteFolder, runtime: Runtime) -> None:
    """Copy a runtime to the phone and see whether it starts there.

    Raises:
        RuntimeRefused: it does not, with what it said.
    """
    for name, path in track(list(runtime.files.items()), "copying the runtime"):
        folder.push(path, name, program=f"./{name}" in runtime.start)
    try:
        runtime.run(folder, RunnerPlan(), ())
    except PruneError as error:
        if type(error) is not PruneError:  # the phone went away
            raise
        raise RuntimeRefused(error.asked, error.found, error.fix) from error


def _copy(folder: RemoteFolder, runtime: Runtime, references: Sequence[Reference]) -> None:
    with files.temporary_folder() as own:
        for i, reference in enumerate(track(references, "copying the models")):
            folder.push(Path(reference.path), f"{i}.tflite")
            for end, content in runtime.pack(reference).items():
                packed = own / f"{i}.{end}"
                packed.write_bytes(content)
                folder.push(packed, packed.name)
