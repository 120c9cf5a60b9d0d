"""Run: steps that are done once, whatever interrupts them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune._version import __version__
from tfprune.errors import FileError, InfeasibleError, PruneError, VerificationError
from tfprune.runs.digest import digest

_RECORD, _FAILURE, _UNFINISHED = "record.json", "failure.json", ".unfinished"
_KINDS: dict[str, type[PruneError]] = {
    kind.__name__: kind for kind in (PruneError, InfeasibleError, VerificationError)
}
"""Errors that come again whenever the same step is done: these alone are remembered."""


@dataclass(frozen=True)
class FinishedStep:
    """A finished step.

    Args:
        key: The word for what was asked; a step that builds on this one asks with it.
        folder: Where its files are.
        record: What it found, plain JSON.
    """

    key: str
    folder: Path
    record: dict[str, Any]

    def file(self, name: str) -> Path:
        """Return the path of a file that it made."""
        return self.folder / name


class Run:
    """A folder of steps, each named by what was asked of it, made whole or not at all.

    A step works in a folder of its own, which is renamed when all is written. A process that is
    killed, at any moment, leaves finished steps, which are not repeated, and at most one unfinished
    folder. What a step was refused with (a `PruneError`) is remembered like a result.

    Args:
        folder: Made if it is not there. One process at a time works in it.

    Raises:
        FileError: it cannot be made, or another process works in it.

    Example:
        >>> import tempfile
        >>> with Run(tempfile.mkdtemp()).at_work() as run:
        ...     first = run.step("double", {"of": 2}, lambda folder: {"is": 4})
        ...     again = run.step("double", {"of": 2}, lambda folder: 1 / 0)
        >>> first.record, again.record
        ({'is': 4}, {'is': 4})
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.steps = self.folder / "steps"
        try:
            self.steps.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            fix = "name another folder, which can be written"
            raise FileError(f"make the folder {self.folder}", files.tell(error), fix) from error

    @contextmanager
    def at_work(self) -> Iterator[Run]:
        """Keep other processes out meanwhile."""
        import filelock

        lock = filelock.FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout as error:
            found = "another process works in this folder"
            raise FileError(f"run in {self.folder}", found, "wait for it, or use -o") from error
        try:
            yield self
        finally:
            lock.release()

    def step(
        self,
        name: str,
        asked: Mapping[str, Any],
        do: Callable[[Path], Mapping[str, Any]],
        *,
        goes_on: bool = False,
        remembers: bool = True,
    ) -> FinishedStep:
        """Return what a step found; it is done if it was never finished.

        Args:
            name: A word for people; it begins the name of the folder.
            asked: All that decides the outcome, see `digest`; keys of earlier steps stand for them.
            do: Writes its files into the folder it is given and returns its record.
            goes_on: Whether it finds what an interrupted try left; else it begins in an empty one.
            remembers: Whether what it is refused with comes again, and need not be tried; not if it
                is the fault of the world around it: a phone that is not plugged in.

        Raises:
            PruneError: what `do` raises, now or when it was tried first.
        """
        key, folder = self._place(name, asked)
        if folder.is_dir():
            return _read(key, folder)
        unfinished = folder.with_name(folder.name + _UNFINISHED)
        if unfinished.exists() and not goes_on:
            shutil.rmtree(unfinished)
        unfinished.mkdir(exist_ok=True)
        try:
            _write(unfinished / _RECORD, do(unfinished))
        except PruneError as error:
            if remembers and type(error).__name__ in _KINDS:
                self._remember(error, unfinished, folder)
            raise
        os.rename(unfinished, folder)
        return _read(key, folder)

    def found(self, name: str, asked: Mapping[str, Any]) -> FinishedStep | None:
        """Return what a step found, None if it was never finished.

        Raises:
            PruneError: what it was refused with, if that is remembered.
        """
        key, folder = self._place(name, asked)
        return _read(key, folder) if folder.is_dir() else None

    def _place(self, name: str, asked: Mapping[str, Any]) -> tuple[str, Path]:
        key = digest({"step": name, "asked": asked, "version": __version__})
        return key, self.steps / f"{name}-{key[:16]}"

    def _remember(self, error: PruneError, unfinished: Path, folder: Path) -> None:
        facts = {"asked": error.asked, "found": error.found, "fix": error.fix}
        shutil.rmtree(unfinished)
        unfinished.mkdir()
        _write(unfinished / _FAILURE, {"kind": type(error).__name__, **facts})
        os.rename(unfinished, folder)

    def finished(self) -> list[Path]:
        """Return the folders of finished steps, the oldest first."""
        folders = [f for f in self.steps.iterdir() if not f.name.endswith(_UNFINISHED)]
        return sorted(folders, key=lambda folder: (folder.stat().st_mtime_ns, folder.name))


def _read(key: str, folder: Path) -> FinishedStep:
    failure = folder / _FAILURE
    if failure.exists():
        facts = json.loads(failure.read_text(encoding="utf-8"))
        raise _KINDS[facts["kind"]](facts["asked"], facts["found"], facts["fix"])
    return FinishedStep(key, folder, json.loads((folder / _RECORD).read_text(encoding="utf-8")))


def _write(path: Path, record: Mapping[str, Any]) -> None:
    files.write_text(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
