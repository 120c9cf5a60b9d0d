"""Keras' own metrics and losses, fed with outputs that anybody computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.errors import PruneError, first_line
from tfprune.evaluation.classes import ClassCounts, ClassRow
from tfprune.evaluation.deciding import NUMBERS, Task, task_of
from tfprune.evaluation.wishes import Wish, check_loss, listed
from tfprune.notes import Note

Array = NDArray[Any]
_ROWS, _BYTES = 4096, 64 * 2**20


class Judge:
    """Judges one output: metrics, loss, right and wrong by class.

    A Keras model without layers is compiled with the metrics and the loss, so that names, shapes
    and weights mean what they mean in `fit` and `evaluate`.

    Args:
        name: The output's.
        wish: What is measured of it.
        asked: What for, for errors.
        notes: What is to be said is added here.
        guess: Whether metrics are to be guessed.
        classes: Whether to count right and wrong by class, where there are classes.

    Attributes:
        results: The metrics by name, the loss first, after `finish`.
    """

    def __init__(
        self, name: str, wish: Wish, asked: str, notes: list[Note], *, guess: bool, classes: bool
    ) -> None:
        check_loss(wish.loss)
        self.name, self._asked, self._notes = name, asked, notes
        self._metrics, self._weighted = listed(wish.metrics), listed(wish.weighted)
        self._loss, self._guess, self._classes = wish.loss, guess, classes
        self.results: dict[str, Any] = {}
        self._held: list[tuple[Array, Array, Any]] = []
        self._model: Any = None
        self._task: Task | None = None
        self._counter: ClassCounts | None = None
        self._loss_sum, self._rows, self._broken = 0.0, 0, 0

    def add(self, labels: Array, outputs: Array, weights: Any) -> None:
        """Add some rows; they are judged when there are many of them."""
        if self._held and self._held[0][1].shape[1:] != outputs.shape[1:]:
            self.flush()
        self._held.append((labels, outputs, weights))
        held = [own for _, own, _ in self._held]
        if sum(map(len, held)) >= _ROWS or sum(own.nbytes for own in held) >= _BYTES:
            self.flush()

    def flush(self) -> None:
        """Judge what is held."""
        if not self._held:
            return
        labels = np.concatenate([own for own, _, _ in self._held])
        outputs = np.concatenate([own for _, own, _ in self._held])
        given = [own for _, _, own in self._held if own is not None]
        weights = np.concatenate(given) if given else None
        self._held = []
        if outputs.dtype.kind == "b":
            outputs = outputs.astype(np.int32)
        elif outputs.dtype.kind not in "iuSU":
            outputs = outputs.astype(np.float32)
            bad = ~np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1)
            self._broken += int(bad.sum())
        self._count(labels, outputs)
        if self._model is None:
            self._model = self._compiled()
        self._judge(labels, outputs, weights)
        self._rows += len(outputs)

    def _count(self, labels: Array, outputs: Array) -> None:
        if self._task is None:
            self._task = task_of(labels, outputs)
            self._counter = ClassCounts(self._task.classes)
            if self._task.kind == NUMBERS and labels.shape != outputs.shape and outputs.ndim:
                reason = f"labels of shape {labels.shape[1:]} beside outputs of {outputs.shape[1:]}"
                told = f"{reason}: what a metric makes of them is Keras' to say"
                self._notes.append(Note(self.name or "labels", told))
            if self._guess:
                self._weighted = self._task.metrics()
                names = " and ".join(metric.name for metric in self._weighted)
                subject = f"metrics of {self.name}" if self.name else "metrics"
                reason = f"none were given: {names}, since {self._task.words()}"
                self._notes.append(Note(subject, reason))
        decided = self._task.decide(labels, outputs)
        if decided is not None and self._counter is not None:
            self._counter.add(*decided)

    def _compiled(self) -> Any:
        model = keras.Model()
        model.compile(loss=self._loss, metrics=self._metrics, weighted_metrics=self._weighted)
        return model

    def _judge(self, labels: Array, outputs: Array, weights: Any) -> None:
        try:
            if self._loss is not None:
                loss = self._model.compute_loss(None, labels, outputs, weights, training=False)
                self._loss_sum += float(loss) * len(outputs)
            if self._metrics or self._weighted:
                self._model.compute_metrics(None, labels, outputs, weights)
        except Exception as error:  # whatever Keras or a metric of the user's own says
            words = f" of the output {self.name!r}" if self.name else ""
            found = f"{first_line(error)} (labels {labels.shape}, outputs {outputs.shape}{words})"
            fix = "give metrics and a loss that suit these labels and outputs"
            raise PruneError(self._asked, found, fix) from error

    def class_rows(self, names: Sequence[str] | None) -> tuple[ClassRow, ...]:
        """Return right and wrong by class; nothing of an output without classes."""
        if not self._classes or self._counter is None or self._task is None:
            return ()
        if self._task.kind == NUMBERS:
            return ()
        return self._counter.rows(self.name, names)

    def _measured(self) -> dict[str, Any]:
        """Return the metrics by name, the loss first."""
        if not self._rows:
            return {}
        loss = {} if self._loss is None else {"loss": self._loss_sum / self._rows}
        if not (self._metrics or self._weighted):
            return loss
        found = self._model.get_metrics_result()
        return loss | {k: _number(v) for k, v in found.items() if k != "loss"}

    def finish(self) -> None:
        """Judge the last rows, keep the results, and say what was odd."""
        self.flush()
        self.results = self._measured()
        subject = self.name or "outputs"
        if self._broken:
            reason = f"{self._broken} of {self._rows} samples gave NaN or infinite values"
            self._notes.append(Note(subject, f"{reason}: no metric means much beside them"))
        if self._counter is not None and self._counter.outside and self._task is not None:
            reason = f"{self._counter.outside} labels are none of its {self._task.classes} classes"
            self._notes.append(Note(subject, f"{reason}: they count as wrong"))


def _number(value: Any) -> Any:
    """Return a metric's value; a number if it is one, else a list (F1Score of each class)."""
    array = np.asarray(value)
    return float(array) if array.ndim == 0 else array.tolist()


@contextmanager
def states_kept(metrics: Sequence[Any]) -> Iterator[None]:
    """Empty the state of metric objects, and put back afterwards what the user had in them."""
    before = [[np.array(v) for v in metric.variables] for metric in metrics]
    for metric in metrics:
        metric.reset_state()
    try:
        yield
    finally:
        for metric, values in zip(metrics, before, strict=True):
            metric.reset_state()
            for variable, value in zip(metric.variables, values, strict=False):
                variable.assign(value)
