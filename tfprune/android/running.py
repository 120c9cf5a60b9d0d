"""Run models on the phone and read the document that comes back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tfprune.android.adb import ASKED
from tfprune.android.app import fetch_outputs, how_it_failed
from tfprune.android.bundles import RUNNER, Runtime
from tfprune.android.folder import RemoteFolder
from tfprune.android.planning import Plan
from tfprune.android.watching import Followed, follow
from tfprune.errors import FileError, PruneError
from tfprune.progress import track

FORMAT = 1
_TAIL_LINES = 3
_SIGNALS = 64
_FOREIGN = ("ELF", "\ufffd", "Exec format error")
"""What shells say of a program for another machine; busybox' reads it as a script."""


class RuntimeRefused(PruneError):
    """This runtime does not start on this phone; another one may."""


def install(folder: RemoteFolder, runtime: Runtime) -> None:
    """Copy a runtime to the phone and see whether it starts there.

    Raises:
        RuntimeRefused: it does not, with what it said.
    """
    for name, path in track(list(runtime.files.items()), "copying the runtime"):
        folder.push(path, name, program=name == RUNNER or name.startswith("ld-"))
    try:
        run(folder, runtime, Plan())
    except PruneError as error:
        if type(error) is not PruneError:  # the phone went away
            raise
        raise RuntimeRefused(error.asked, error.found, error.fix) from error


def run(folder: RemoteFolder, runtime: Runtime, plan: Plan) -> list[dict[str, Any]]:
    """Run a plan and return the rows of its `models`.

    Raises:
        PhoneLost: the phone went away.
        PruneError: the runner did not start, was ended, or a model failed, by name.
    """
    command = folder.adb.command("shell", runtime.line(folder.path, plan))
    try:
        followed = follow(command, runtime.steps(plan), runtime.silence_s)
    except BaseException:  # Ctrl-C
        if runtime.stop:
            folder.adb.shell(runtime.stop)
        raise
    of_the_app = how_it_failed("\n".join([*followed.said, followed.out]))
    if (followed.code or of_the_app) and '"error"' not in followed.out:
        folder.adb.check_there("running the models")
        raise PruneError(f"{ASKED}: run {runtime.name}", *(of_the_app or _how_it_ended(followed)))
    rows = read_document(followed.out, plan.labels)
    fetch_outputs(folder.adb, rows)
    return rows


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


def _how_it_ended(followed: Followed) -> tuple[str, str]:
    if followed.stopped:
        return followed.stopped, "ask for fewer runs in a round, with --rounds, or --no-xnnpack"
    if 128 < followed.code <= 128 + _SIGNALS:
        found = f"the runner was ended by signal {followed.code - 128}"
        return found, "the phone may be short of memory: close other apps, or try fewer models"
    if any(sign in line for line in followed.said for sign in _FOREIGN):
        found = "the phone's processor does not run this program"
        return found, "report this with the phone's name"
    last = "; ".join([*followed.said, *followed.out.splitlines()][-_TAIL_LINES:])
    return f"it ended with {followed.code}: {last}", "try another --runtime"
