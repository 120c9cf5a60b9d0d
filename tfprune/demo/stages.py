"""Say on standard error where a long run stands: a line for each stage, bars for a terminal."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any, TextIO

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


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
        total: How many there will be.
        stream: Where to write; standard error if None.

    Example:
        >>> stages = Stages(1, sys.stdout)
        >>> with stages("count to ten") as stage:            # doctest: +ELLIPSIS
        ...     stage.say("10")
        [1/1] count to ten: 10 (0.0 s)
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        self.number = 0
        self.stream = stream

    @contextlib.contextmanager
    def __call__(self, title: str) -> Iterator[Stage]:
        """Announce a stage, and close its line with the outcome and the seconds."""
        self.number += 1
        stream, stage, start = self.stream or sys.stderr, Stage(), time.monotonic()
        # In a terminal the stage's own bars need the line below.
        end = "\n" if stream.isatty() else ": "
        print(f"[{self.number}/{self.total}] {title}", end=end, file=stream, flush=True)
        try:
            yield stage
        except BaseException:
            print("stopped", file=stream, flush=True)
            raise
        seconds = f"({time.monotonic() - start:.1f} s)"
        indent = "      " if stream.isatty() else ""
        print(f"{indent}{stage.outcome} {seconds}", file=stream, flush=True)


class TrainingBar(keras.callbacks.Callback):
    """A progress bar over all batches of a fit, on standard error, only in a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        """Draw the empty bar."""
        self.progress = Progress(
            TextColumn("      epoch {task.fields[epoch]}"),
            BarColumn(),
            TextColumn("{task.fields[logs]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        total = self.params["epochs"] * (self.params["steps"] or 1)
        self.task = self.progress.add_task("", total=total, epoch=1, logs="")
        self.progress.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count the epoch."""
        self.progress.update(self.task, epoch=epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Move the bar."""
        self.progress.advance(self.task)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Show the epoch's accuracy."""
        self.progress.update(self.task, logs=_percent((logs or {}).get("val_accuracy")))

    def on_train_end(self, logs: Any = None) -> None:
        """Remove the bar."""
        self.progress.stop()


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f} %"
