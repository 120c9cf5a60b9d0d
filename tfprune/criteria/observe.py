"""Run a measurement on each batch of whatever data Keras accepts."""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.errors import PruneError, first_line
from tfprune.progress import track

Measure = Callable[[Any, Any, Any], dict[str, Any]]
Take = Callable[[dict[str, np.ndarray]], None]

_FIX = "pass preprocessed data as fit takes it, e.g. (x, y) or train_dataset.take(20)"


def observe(
    measure: Measure, take: Take, data: Any, steps: int | None, asked: str, batch_size: int = 32
) -> None:
    """Run `measure(x, y, sample_weight)` in a compiled function on each batch of the data.

    Args:
        measure: Called once per trace; returns `{name: tensor}`.
        take: Called after each batch with the `{name: array}` that it gave.
        data: What `fit` takes: an array, a list or dict of arrays (inputs), a tuple (inputs,
            targets) or (inputs, targets, sample weights), or batches of those from a
            `tf.data.Dataset`, a `PyDataset` or a generator.
        steps: Number of batches; None for all.
        asked: What for, to be said in errors and beside the progress bar.
        batch_size: Of arrays; other data comes in batches.

    Raises:
        PruneError: the data is empty, endless or unfit, or `measure` raised one.
    """
    _check_end(data, steps, asked)
    observer, taking = _Observer(measure), _Taking(take, asked, steps)
    observer.compile(jit_compile=False)
    try:
        whole = data if isinstance(data, tuple) else (data,)  # a list holds several inputs
        x, y, weights = keras.utils.unpack_x_y_sample_weight(whole)
        size = batch_size if _is_arrays(x) else None
        with warnings.catch_warnings():
            if steps is None:  # then data may end where it ends
                warnings.filterwarnings("ignore", "Your input ran out of data")
            observer.evaluate(x, y, size, 0, weights, steps, [taking])
    except Exception as error:
        if observer.refused is not None:
            raise observer.refused from None
        found = f"the data does not go through the model: {_message(error)}"
        raise PruneError(asked, found, _FIX) from error
    finally:
        taking.bar.close()
    if not taking.batches:
        raise PruneError(asked, "the data is empty", _FIX)


class _Observer(keras.Model):
    """A model whose test step is a function of the batch."""

    def __init__(self, measure: Measure) -> None:
        super().__init__()
        self.measure = measure
        self.refused: PruneError | None = None

    def test_step(self, data: Any) -> dict[str, Any]:
        try:
            return self.measure(*keras.utils.unpack_x_y_sample_weight(data))
        except PruneError as error:
            self.refused = error
            raise


class _Taking(keras.callbacks.Callback):
    def __init__(self, take: Take, asked: str, steps: int | None) -> None:
        super().__init__()
        self.take = take
        self.batches = 0
        self.bar: Any = track(itertools.count(), asked, steps)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.batches += 1
        self.take({name: np.asarray(value) for name, value in logs.items()})
        next(self.bar)


def _is_arrays(x: Any) -> bool:
    batches = (tf.data.Dataset, keras.utils.PyDataset)
    return not isinstance(x, batches) and all(
        hasattr(part, "shape") for part in keras.tree.flatten(x)
    )


def _message(error: Exception) -> str:
    """Return what is wrong: Keras opens the text with the layer it was calling."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("Exception encountered")]
    return said[0] if said else first_line(error)


def _check_end(data: Any, steps: int | None, asked: str) -> None:
    if data is None:
        raise PruneError(asked, "the data is missing", _FIX)
    endless = (
        isinstance(data, tf.data.Dataset)
        and int(data.cardinality()) == tf.data.INFINITE_CARDINALITY
    ) or (isinstance(data, keras.utils.PyDataset) and data.num_batches is None)
    if steps is None and endless:
        raise PruneError(asked, "the data repeats without end", "say how many batches: 20")
    if steps is not None and steps < 1:
        raise PruneError(asked, f"{steps} batches", "use None for all batches, or at least 1")
