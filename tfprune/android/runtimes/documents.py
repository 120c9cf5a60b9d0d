"""Run a program on the phone to its end, and read the document of those that print one."""

from __future__ import annotations

import contextlib
import json
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from tfprune.android.arrays import pack
from tfprune.android.checking import Reference
from tfprune.android.device.adb import ASKED
from tfprune.android.device.folder import RemoteFolder
from tfprune.android.device.watching import Followed, follow
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.runtime import Runtime
from tfprune.errors import FileError, PruneError

FORMAT = 1
_TAIL_LINES = 3
_SIGNALS = 64
_FOREIGN = ("ELF", "\ufffd", "Exec format error")
"""What shells say of a program for another machine; busybox' reads it as a script."""


class DocumentRuntime(Runtime):
    """A program that takes a whole plan and prints one document (docs/android.md)."""

    @abstractmethod
    def line(self, folder: str, plan: RunnerPlan) -> str:
        """Return the line that runs a plan in a folder; `pid` there tells what to end."""

    @abstractmethod
    def steps(self, plan: RunnerPlan) -> int:
        """How many steps it tells of."""

    def explain(self, text: str) -> tuple[str, str] | None:
        """Return what failed and the fix, where what it said tells."""
        return None

    def pack(self, reference: Reference) -> dict[str, bytes]:
        """Return one file with every input and its name in the signature."""
        return {"in": pack(reference.inputs)}

    def run(
        self, folder: RemoteFolder, plan: RunnerPlan, references: Sequence[Reference]
    ) -> list[dict[str, Any]]:
        """Run a plan and return the rows of its `models`."""
        followed = run_line(folder, self, self.line(folder.path, plan), self.steps(plan))
        known = self.explain("\n".join([*followed.said, followed.out]))
        if (followed.code or known) and '"error"' not in followed.out:
            folder.adb.check_there("running the models")
            raise PruneError(f"{ASKED}: run {self.name}", *(known or how_it_ended(followed)))
        return read_document(followed.out, plan.labels)


def run_line(
    folder: RemoteFolder,
    runtime: Runtime,
    line: str,
    steps: int = 0,
    silence_s: float | None = None,
) -> Followed:
    """Run a line on the phone and return how it ended; after Ctrl-C nothing of it goes on."""
    command = folder.adb.command("shell", line)
    try:
        return follow(command, steps, runtime.silence_s if silence_s is None else silence_s)
    except BaseException:  # Ctrl-C
        if runtime.stop:
            with contextlib.suppress(PruneError):  # the phone may be gone, too
                folder.adb.shell(runtime.stop)
        raise


def read_document(text: str, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of `models` in a runner's document.

    Raises:
        FileError: a model does not load.
        PruneError: something else failed, or the document is not one.
    """
    try:
        document = json.loads(text)
        error = document.get("error")
        rows = document["models"] if error is None else []
    except (ValueError, KeyError, AttributeError) as unreadable:
        found = f"what it printed is no document: {text[:200]!r}"
        raise PruneError(ASKED, found, "try again; report it if it comes back") from unreadable
    if document.get("format") != FORMAT:
        found = f"its document has format {document.get('format')}"
        raise PruneError(ASKED, found, f"use a runner of format {FORMAT}, of this tfprune")
    if error is not None:
        raise _failure(error, labels)
    if len(rows) != len(labels):
        raise PruneError(ASKED, f"{len(rows)} of {len(labels)} models came back", "try again")
    return list(rows)


def _failure(error: dict[str, str], labels: Sequence[str]) -> PruneError:
    number = error["file"].split(".")[0]
    label = labels[int(number)] if number.isdecimal() and int(number) < len(labels) else ""
    asked = f"{error['step']} {label} on the phone" if label else f"{ASKED}: {error['step']}"
    if error["step"] == "load":
        fix = "see whether it runs here: tfprune benchmark FILE; try --no-xnnpack"
        return FileError(asked, error["text"], fix)
    return PruneError(asked, error["text"], "try --no-xnnpack, or another --runtime")


def how_it_ended(followed: Followed) -> tuple[str, str]:
    """Return how a program that failed ended, and the fix."""
    if followed.stopped:
        return followed.stopped, "ask for fewer runs in a round, with --rounds, or --no-xnnpack"
    if 128 < followed.code <= 128 + _SIGNALS:
        found = f"the runner was ended by signal {followed.code - 128}"
        return found, "the phone may be short of memory: close other apps, or try fewer models"
    lines = [*followed.said, *followed.out.splitlines()]
    if any(sign in line for line in followed.said for sign in _FOREIGN):
        found = "the phone's processor does not run this program"
        return found, "report this with the phone's name"
    return (
        f"it ended with {followed.code}: {'; '.join(lines[-_TAIL_LINES:])}",
        "try another --runtime",
    )
