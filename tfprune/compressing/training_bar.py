"""TrainingBar: a progress bar over the batches of a fit."""

from __future__ import annotations

import sys
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


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
        self.task = self.progress.add_task("", total=None, epoch=1, logs="")
        self.begun = False
        self.progress.start()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Count the epoch; the first one says how many batches there will be."""
        steps = self.params["steps"]
        if not self.begun and steps:
            self.progress.update(self.task, total=(self.params["epochs"] - epoch) * steps)
        self.begun = True
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
