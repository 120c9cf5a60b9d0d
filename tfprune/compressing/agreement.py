"""AgreementWay: judged by agreement with the dense model, where there are no labels."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfprune.compressing.feeding import wanted_of, word_for
from tfprune.compressing.file_model import running
from tfprune.compressing.fitting import Lessons
from tfprune.compressing.way import Metrics
from tfprune.data import Batches
from tfprune.graph import packed
from tfprune.runs import digest

AGREEMENT = "agreement"
Array = NDArray[Any]


def agreement(truth: Array, found: Array) -> float:
    """Return how nearly one output says what another says, from 0 to 1.

    Of shape (samples, classes): the share of samples with the same largest value. Of any other:
    1 minus the distance of a sample from the truth over the length of the truth, at least 0, on
    average.

    Example:
        >>> agreement(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.1, 0.9], [0.3, 0.7]]))
        0.5
        >>> agreement(np.array([[4.0], [2.0]]), np.array([[3.0], [2.0]]))
        0.875
    """
    if truth.ndim == 2 and truth.shape[1] > 1:
        return float(np.mean(truth.argmax(1) == found.argmax(1)))
    rows = truth.reshape(len(truth), -1).astype("float64")
    apart = np.linalg.norm(rows - found.reshape(rows.shape), axis=1)
    length = np.maximum(np.linalg.norm(rows, axis=1), 1e-12)
    return float(np.mean(np.maximum(0.0, 1 - apart / length)))


class AgreementWay:
    """Trains nothing; judges by how often a network says what the dense model says.

    Args:
        model: The dense model.
        data: What to judge on; targets are not looked at.
        most: At most so many samples.
    """

    trains = knows_loss = False
    judged_on = None, None

    def __init__(self, model: Any, data: Any, most: int = 2000) -> None:
        self.key = digest(["agreement", word_for(data), most])
        self._model, self._data, self._most = model, data, most
        self._inputs: Any = None
        self._truth: list[Array] = []

    def prepare(self, model: Any) -> None:
        """Nothing: without labels there is no loss."""

    def train(self, model: Any, lessons: Lessons) -> list[Metrics]:
        """Train nothing."""
        return [self.judge(model)]

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return `{"agreement": share}`, the mean over outputs."""
        if self._inputs is None:
            wanted = wanted_of(self._model, f"judge {self._model.name!r}", rows=self._most)
            batches = [batch.inputs for batch in Batches(self._data, wanted)]
            inputs = {n: np.concatenate([b[n] for b in batches]) for n in batches[0]}
            self._inputs = packed(self._model, inputs)
            self._truth = self._outputs(self._model)
        with running(model, like) as runs:
            found = self._outputs(runs)
        pairs = zip(self._truth, found, strict=True)
        return {AGREEMENT: float(np.mean([agreement(*pair) for pair in pairs]))}

    def _outputs(self, model: Any) -> list[Array]:
        outputs = keras.tree.flatten(model.predict(self._inputs, verbose=0))
        return [np.asarray(output) for output in outputs]
