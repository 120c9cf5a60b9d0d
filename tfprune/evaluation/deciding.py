"""What an output and its labels are to each other: classes, yes or no, or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SPARSE, ONE_HOT, BINARY, INTEGERS, NUMBERS = "sparse", "one-hot", "binary", "integers", "numbers"
_SOME = 4096


@dataclass(frozen=True)
class Task:
    """What labels are to an output.

    Args:
        kind: `"sparse"`: numbers of classes beside a score for each class; `"one-hot"`: a 1 at
            the class; `"binary"`: 0 or 1 beside one score each; `"integers"`: the output is the
            class itself; `"numbers"`: anything else.
        classes: How many there are, if the output tells.
        threshold: Above which a score means 1.
    """

    kind: str
    classes: int | None = None
    threshold: float = 0.5

    def decide(self, labels: Array, outputs: Array) -> tuple[Array, Array] | None:
        """Return the classes of the labels and of the outputs; -1 for an output that is NaN."""
        if self.kind == NUMBERS:
            return None
        if self.kind == INTEGERS:
            return labels.astype(np.int64), outputs.astype(np.int64).reshape(labels.shape)
        broken = np.isnan(outputs)
        if self.kind == BINARY:
            decided = np.where(broken, -1, outputs > self.threshold)
            return labels.astype(np.int64), decided.reshape(labels.shape)
        decided = np.where(broken.any(axis=-1), -1, np.argmax(outputs, axis=-1))
        own = np.argmax(labels, axis=-1) if self.kind == ONE_HOT else labels.astype(np.int64)
        return own.reshape(decided.shape), decided

    def metrics(self) -> list[Any]:
        """Return the metrics that say how right such an output is."""
        metrics = keras.metrics
        if self.kind == NUMBERS:
            return [
                metrics.MeanSquaredError(name="mean_squared_error"),
                metrics.MeanAbsoluteError(name="mean_absolute_error"),
            ]
        made = {
            SPARSE: metrics.SparseCategoricalAccuracy,
            ONE_HOT: metrics.CategoricalAccuracy,
            INTEGERS: metrics.Accuracy,
        }
        if self.kind == BINARY:
            return [metrics.BinaryAccuracy(name="accuracy", threshold=self.threshold)]
        return [made[self.kind](name="accuracy")]

    def words(self) -> str:
        """Say what was seen."""
        return {
            SPARSE: f"labels are numbers of {self.classes} classes",
            ONE_HOT: f"labels are one-hot over {self.classes} classes",
            BINARY: f"labels are 0 or 1, an output above {self.threshold:g} means 1",
            INTEGERS: "labels and outputs are integers",
            NUMBERS: "labels are numbers beside as many outputs",
        }[self.kind]


def task_of(labels: Array, outputs: Array) -> Task:
    """Say what labels are to an output, from some of both.

    Example:
        >>> task_of(np.array([2, 0]), np.ones((2, 3), "float32")).kind
        'sparse'
        >>> task_of(np.array([0, 1]), np.array([[-4.0], [4.0]])).threshold
        0.0
        >>> task_of(np.array([[0.5], [1.5]]), np.ones((2, 1), "float32")).kind
        'numbers'
    """
    labels, outputs = labels[:_SOME], outputs[:_SOME]
    whole = labels.dtype.kind in "iub" or bool((labels == np.trunc(labels)).all())
    if outputs.dtype.kind in "iub":
        same = labels.size == outputs.size
        return Task(INTEGERS) if whole and same else Task(NUMBERS)
    classes = outputs.shape[-1] if outputs.ndim > 1 else 1
    if not whole:
        return Task(NUMBERS)
    if classes > 1 and labels.shape in (outputs.shape[:-1], (*outputs.shape[:-1], 1)):
        return Task(SPARSE, classes)
    if labels.size != outputs.size or not set(np.unique(labels)) <= {0, 1}:
        return Task(NUMBERS)
    if classes > 1 and labels.shape == outputs.shape and (labels.sum(axis=-1) == 1).all():
        return Task(ONE_HOT, classes)
    inside = bool(((outputs >= 0) & (outputs <= 1))[~np.isnan(outputs)].all())
    return Task(BINARY, 2, 0.5 if inside else 0.0)
