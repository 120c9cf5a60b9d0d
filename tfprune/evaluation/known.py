"""Metrics of outputs that somebody else has computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.data import Batch
from tfprune.evaluation.evaluating import judged, together
from tfprune.evaluation.predicting import keras_names
from tfprune.evaluation.wishes import wish_of
from tfprune.keras_internals import compiled_settings
from tfprune.notes import Note


class _Known:
    """A side whose outputs for some batches are known.

    Args:
        model: The Keras model whose outputs they are.
        outputs: For each batch, in their order, an array for each output of the model.
    """

    def __init__(self, model: Any, outputs: Sequence[Sequence[Any]]) -> None:
        self.names, self.aliases = keras_names(model)
        self._outputs = iter(outputs)

    def predict(self, inputs: Any) -> list[Any]:
        """Return the outputs of the next batch."""
        return list(next(self._outputs))


def metrics_of(
    model: Any,
    batches: Sequence[Batch],
    outputs: Sequence[Sequence[Any]],
    metrics: Any = None,
    loss: Any = None,
) -> dict[str, Any]:
    """Return metrics and loss of outputs that anybody computed, as `evaluate` would name them.

    Args:
        model: The Keras model that has such outputs; its compiled metrics and loss are used where
            none are given.
        batches: Labelled data.
        outputs: For each batch an array for each output.
        metrics, loss: As in `evaluate`.

    Raises:
        PruneError: as `evaluate`.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Softmax()])
        >>> batch = Batch({"x": np.zeros((2, 2))}, np.array([0, 1]))
        >>> metrics_of(model, [batch], [[np.array([[0.9, 0.1], [0.8, 0.2]])]], ["accuracy"])
        {'accuracy': 0.5}
    """
    notes: list[Note] = []
    side = _Known(model, outputs)
    wish = wish_of(metrics, loss, model, compiled_settings(model), notes)
    judges, _ = judged(side, batches, wish, f"judge {model.name}", notes, False)
    return together(judges, wish, side.names)
