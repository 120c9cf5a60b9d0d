"""One trial, wherever it is run: its folder, its lock, its record."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.errors import PruneError, first_line
from tfprune.runs import Run, digest, source_of

_STEP, _STARTS, _LOG = "trial", "starts.json", "log.txt"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A trial as it travels to its worker.

    Args:
        values: What it is tried with.
        folder: Its own, in the folder of all.
        question: All that decides its outcome.
        call: Tells this call of `run_trials` from another, by whom starts are counted.
    """

    values: Mapping[str, Any]
    folder: Path
    question: dict[str, Any]
    call: str

    @classmethod
    def of(
        cls, do: Callable[..., Any], values: Mapping[str, Any], out: Any, key: Any, call: str
    ) -> Asked:
        """Return the trial of a function and its values."""
        question = {"do": _known_by(do), "values": dict(values), "key": key}
        try:
            word = digest(question)
        except TypeError as error:
            fix = "use numbers, text, and lists of them; name data by its path"
            raise PruneError(f"try {dict(values)}", first_line(error), fix) from error
        said = ",".join(f"{name}={value}" for name, value in values.items())
        name = re.sub(r"[^\w.,=-]+", "_", said)[:80]
        folder = Path(out).absolute() / "trials" / f"{name}-{word[:12]}"
        return cls(values=values, folder=folder, question=question, call=call)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.name


class KnowsItself:
    """A function that says itself what tells it from others, as `key`."""

    key: Any


def _known_by(do: Callable[..., Any]) -> Any:
    """Return what tells a function from others: what it says itself, or its code."""
    if isinstance(do, KnowsItself):
        return do.key
    if isinstance(do, functools.partial):
        return [_known_by(do.func), do.args, do.keywords]
    return source_of(do)


@dataclass(frozen=True)
class Told:
    """What a worker says of a trial: nothing if it ended well, else why not.

    Args:
        name: The trial's.
        failure: The error in a line.
        refused: Whether it would be refused again.
    """

    name: str
    failure: str = ""
    refused: bool = False


def work_on(do: Callable[..., Mapping[str, Any]], asked: Asked, parent: int) -> Told:
    """Do a trial unless it is done; runs in the worker.

    Args:
        do: The function.
        asked: The trial.
        parent: The process that asked: in another one, what is printed goes into the trial's log.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        run = Run(asked.folder)
        with run.at_work():
            _count_start(asked)
            with _logged(asked.folder / _LOG, os.getpid() != parent):
                run.step(
                    _STEP,
                    asked.question,
                    lambda folder: dict(do(**asked.values, **_place(do, asked))),
                    goes_on=True,
                    remembers=False,
                )
    except PruneError as error:
        return Told(asked.name, f"{error.found}; {error.fix}", refused=True)
    except Exception as error:  # whatever a user's function raises is this trial's affair alone
        return Told(asked.name, f"{type(error).__name__}: {first_line(error)}")
    return Told(asked.name)


def finished(asked: Asked) -> dict[str, Any] | None:
    """Return the record of a trial, None if it did not end well."""
    if not asked.folder.is_dir():
        return None
    done = Run(asked.folder).found(_STEP, asked.question)
    return None if done is None else done.record


def started(asked: Asked) -> int:
    """Return how often this call has begun a trial."""
    path = asked.folder / _STARTS
    if not path.exists():
        return 0
    found = json.loads(path.read_text(encoding="utf-8"))
    return int(found["times"]) if found["call"] == asked.call else 0


def _count_start(asked: Asked) -> None:
    files.write_json(asked.folder / _STARTS, {"call": asked.call, "times": started(asked) + 1})


def _place(do: Callable[..., Any], asked: Asked) -> dict[str, Any]:
    """Return the argument `folder` for a function that takes one."""
    if "folder" not in inspect.signature(do).parameters:
        return {}
    place = asked.folder / "files"
    place.mkdir(exist_ok=True)
    return {"folder": place}


@contextlib.contextmanager
def _logged(path: Path, apart: bool) -> Iterator[None]:
    """Write what a worker prints, and how it failed, into the log of its trial."""
    if not apart:
        yield
        return
    with (
        path.open("a", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
        contextlib.redirect_stderr(log),
    ):
        try:
            yield
        except BaseException:
            traceback.print_exc(file=log)
            raise
