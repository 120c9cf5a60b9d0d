"""Where long work stands, on standard error: a line for each stage, a bar if somebody looks."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` while a progress bar named `description` moves on standard error.

    Nothing is drawn when standard error is no terminal, closed or missing, so logs and `--json`
    stay clean.

    Example:
        >>> list(track([1, 2], "counting"))
        [1, 2]
    """
    if not _is_terminal(sys.stderr):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items,
        description=description,
        total=total,
        console=console,
        transient=True,
    )


class Stage:
    """One stage; what it says last stands at the end of its line."""

    def __init__(self) -> None:
        self.outcome = "done"

    def say(self, outcome: str) -> None:
        """Set what came out."""
        self.outcome = outcome


class Stages:
    """Numbers the stages of a run and times them.

    Args:
        total: How many there will be; None if nobody knows.
        stream: Where to write; standard error if None.

    Example:
        >>> stages = Stages(1, sys.stdout)
        >>> with stages("count to ten") as stage:            # doctest: +ELLIPSIS
        ...     stage.say("10")
        [1/1] count to ten: 10 (0.0 s)
    """

    def __init__(self, total: int | None = None, stream: TextIO | None = None) -> None:
        self.total = total
        self.number = 0
        self.stream = stream
        self.remarks: list[str] = []
        self._open = False

    def remark(self, text: str) -> None:
        """Say what a reader should know, once, and remember it."""
        if text not in self.remarks:
            self.remarks.append(text)
            stream = self.stream or sys.stderr
            self._end_line(stream)
            print(f"note: {text}", file=stream, flush=True)

    def _end_line(self, stream: TextIO) -> None:
        """End the line of a stage that waits for its outcome."""
        if self._open:
            print(file=stream, flush=True)
        self._open = False

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[Stage]:
        """Announce a stage, and close its line with the outcome and the seconds."""
        self.number += 1
        stream, stage, start = self.stream or sys.stderr, Stage(), time.monotonic()
        number = self.number if self.total is None else f"{self.number}/{self.total}"
        print(f"[{number}] {title}:", end="", file=stream, flush=True)
        self._open = True
        if _is_terminal(stream):  # the stage's own bars need the line below
            self._end_line(stream)
        try:
            yield stage
        except BaseException:
            self._close(stream, "stopped")
            raise
        self._close(stream, f"{stage.outcome} ({time.monotonic() - start:.1f} s)")

    def _close(self, stream: TextIO, outcome: str) -> None:
        """Write what came out, behind the title or on a line of its own."""
        print(f"{' ' if self._open else '      '}{outcome}", file=stream, flush=True)
        self._open = False


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks; a stream may be missing, closed, or anything with `write`."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, OSError, ValueError):
        return False
