"""Run a measurement on each batch of whatever data Keras accepts."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.errors import PruneError, first_line

Measure = Callable[[Any, Any, Any], dict[str, Any]]
Take = Callable[[dict[str, NDArray[Any]]], None]
_FIX = "pass preprocessed inputs as fit takes them, e.g. train_dataset.take(20)"


def observe(measure: Measure, take: Take, data: Any, steps: int | None, asked: str) -> None:
    """Run `measure(x, y, sample_weight)` in a graph on each batch of whatever Keras accepts.

    Args:
        measure: Called once per trace; returns `{name: tensor}`.
        take: Called after each batch with the `{name: array}` that it gave.
        data: As for `recalibrate`.
        steps: Number of batches, or None.
        asked: What for, to be said in errors.

    Raises:
        PruneError: the data is empty, endless or unfit, or `measure` raised one.
    """
    _check_end(data, steps, asked)
    observer = _Observer(measure)
    taking = _Taking(take)
    observer.compile(jit_compile=False)
    try:
        with warnings.catch_warnings():
            if steps is None:  # Keras says this of any data whose length it cannot know
                warnings.filterwarnings("ignore", "Your input ran out of data")
            _evaluate(observer, data, steps, taking)
    except Exception as error:
        if observer.refused is not None:
            raise observer.refused from None
        raise PruneError(
            asked, f"the data does not go through the model: {_message(error)}", _FIX
        ) from error
    if not taking.batches:
        raise PruneError(asked, "the data is empty", _FIX)


def _evaluate(observer: Any, data: Any, steps: int | None, callback: Any) -> None:
    whole = data if isinstance(data, tuple) else (data,)  # a list holds several inputs
    x, y, weights = keras.utils.unpack_x_y_sample_weight(whole)
    if inspect.isgenerator(x):
        x = (batch if isinstance(batch, (tuple, list)) else (batch,) for batch in x)
    observer.evaluate(x, y, sample_weight=weights, steps=steps, verbose=0, callbacks=[callback])


def _message(error: Exception) -> str:
    """Return what is wrong: Keras opens the text with the layer it was calling."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Exception encountered")]
    return said[0] if said else first_line(error)


class _Observer(keras.Model):
    """A model whose test step is a function of the batch."""

    def __init__(self, measure: Measure) -> None:
        super().__init__()
        self.measure = measure
        self.refused: PruneError | None = None

    def test_step(self, data: Any) -> dict[str, Any]:
        try:
            measured = self.measure(*keras.utils.unpack_x_y_sample_weight(data))
            return {"batches": keras.ops.ones(()), **measured}  # a step must return something
        except PruneError as error:
            self.refused = error
            raise


class _Taking(keras.callbacks.Callback):
    def __init__(self, take: Take) -> None:
        super().__init__()
        self.take = take
        self.batches = 0

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        self.take({name: np.asarray(value) for name, value in logs.items()})


def _check_end(data: Any, steps: int | None, asked: str) -> None:
    if data is None:
        raise PruneError(asked, "the data is missing", _FIX)
    endless = (
        isinstance(data, tf.data.Dataset)
        and int(data.cardinality()) == tf.data.INFINITE_CARDINALITY
    ) or (isinstance(data, keras.utils.PyDataset) and data.num_batches is None)
    if steps is None and endless:
        raise PruneError(asked, "the data repeats without end", "pass steps=20")
    if steps is not None and steps < 1:
        raise PruneError(asked, f"steps={steps}", "steps=None for all batches, or at least 1")
