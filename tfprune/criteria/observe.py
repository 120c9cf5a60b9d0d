"""Run a measurement on each batch of whatever data Keras accepts."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.data import Batch, Batches, Wanted
from tfprune.errors import PruneError, PruneWarning, first_line
from tfprune.graph import inputs_of, outputs_of, packed
from tfprune.progress import track

Measure = Callable[[Any, Any, Any], dict[str, Any]]
Take = Callable[[dict[str, np.ndarray]], None]


def observe(
    model: Any,
    measure: Measure,
    take: Take,
    data: Any,
    steps: int | None,
    asked: str,
    batch_size: int = 32,
) -> None:
    """Run `measure(x, y, sample_weight)` in a compiled function on each batch of the data.

    Args:
        model: The model that the data is for; `x` is nested as its inputs are.
        measure: Called once per trace; returns `{name: tensor}`.
        take: Called after each batch with the `{name: array}` that it gave.
        data: What `fit` takes, or a path: see `tfprune.data.Batches`.
        steps: Number of batches; None for all.
        asked: What for, to be said in errors and beside the progress bar.
        batch_size: Of arrays and single samples; other data comes in batches.

    Raises:
        PruneError: the data is empty, endless or unfit, or `measure` raised one.

    Warns:
        PruneWarning: what is to be said of the data: single samples that were batched, a width
            unlike the training data's, fewer batches than asked for.
    """
    wanted = Wanted(
        asked=asked,
        inputs=inputs_of(model),
        outputs=outputs_of(model),
        batch_size=batch_size,
        steps=steps,
    )
    batches = Batches(data, wanted)
    compiled = _Compiled(measure, model, wanted)
    for batch in track(batches, asked, steps):
        take({name: np.asarray(value) for name, value in compiled(batch).items()})
    if batches.notes:
        warnings.warn("\n".join(map(str, batches.notes)), PruneWarning, stacklevel=4)


class _Compiled:
    """A measurement, compiled for batches of any length; sizes the model leaves open stay open."""

    def __init__(self, measure: Measure, model: Any, wanted: Wanted) -> None:
        self._measure, self._model, self._wanted = measure, model, wanted
        self._compiled = tf.function(self._traced)
        self._shapes = {spec.name: spec.shape for spec in wanted.inputs or ()}
        self._open = any(size is None for shape in self._shapes.values() for size in shape[1:])
        self._refused: PruneError | None = None

    def __call__(self, batch: Batch) -> dict[str, Any]:
        try:
            inputs = {name: tf.convert_to_tensor(array) for name, array in batch.inputs.items()}
            specs = {
                name: tf.TensorSpec(self._shapes.get(name, (None, *value.shape[1:])), value.dtype)
                for name, value in inputs.items()
            }
            more = keras.tree.map_structure(_tensor, (batch.targets, batch.weights))
            known = (packed(self._model, specs), *keras.tree.map_structure(self._spec, more))
            run = self._compiled.get_concrete_function(*known)
            return run(packed(self._model, inputs), *more)
        except Exception as error:
            if self._refused is not None:
                raise self._refused from None
            found = f"the data does not go through the model: {_message(error)}"
            raise self._wanted.error(found) from error

    def _spec(self, value: Any) -> Any:
        if value is None:
            return None
        rest = (None,) * (value.shape.rank - 1) if self._open else value.shape[1:]
        return tf.TensorSpec((None, *rest), value.dtype)

    def _traced(self, *rows: Any) -> dict[str, Any]:
        try:
            return self._measure(*rows)
        except PruneError as error:  # AutoGraph would raise another error in its place
            self._refused = error
            raise


def _tensor(value: Any) -> Any:
    return None if value is None else tf.convert_to_tensor(value)


def _message(error: Exception) -> str:
    """Return what is wrong: Keras opens the text with the layer it was calling."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Exception encountered")]
    return first_line(ValueError("\n".join(said))) if said else first_line(error)
