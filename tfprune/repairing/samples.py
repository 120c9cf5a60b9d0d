"""Samples: what the repair looks at; every fifth is held out and only judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.data import Batches, Wanted
from tfprune.graph import functional, inputs_of, outputs_of, packed
from tfprune.keras_internals import flat_inputs, mask_of
from tfprune.notes import Note

Inputs = Mapping[str, NDArray[Any]]

_HELD = 5
_FEWEST = 10


def disagreement(
    truth: Sequence[NDArray[np.float64]], found: Sequence[NDArray[np.float64]]
) -> float:
    """Return how far outputs are from others: the mean of Σ (y - y₀)² / Σ (y₀ - mean)² over them.

    0 is agreement, 1 is what the mean of the others would do.
    """
    shares = []
    for y0, y in zip(truth, found, strict=True):
        spread = ((y0 - y0.mean(0)) ** 2).sum()
        shares.append(((y - y0) ** 2).sum() / max(spread, np.finfo(float).tiny))
    return float(np.mean(shares))


class Samples:
    """Unlabelled samples for a model, read once: targets in the data are not looked at.

    Args:
        model: A Functional or Sequential model.
        data: What `fit` takes, or a path: see `tfprune.data.Batches`.
        asked: What for, to be said in errors.
        most: At most so many samples are used.
        together: Batches are joined to so many samples: each call has a price of its own.

    Raises:
        PruneError: the data is empty or unfit, or there are fewer than 10 samples.
    """

    def __init__(self, model: Any, data: Any, asked: str, most: int, together: int) -> None:
        wanted = Wanted(asked=asked, inputs=inputs_of(model), outputs=outputs_of(model), rows=most)
        batches = Batches(data, wanted)
        self._model = model
        self.fixed_size = wanted.fixed_size is not None
        self._together = 1 if self.fixed_size else together
        self._inputs = _joined([batch.inputs for batch in batches], self._together)
        self.notes: list[Note] = list(batches.notes)
        lengths = [_length(inputs) for inputs in self._inputs]
        self.count = sum(lengths)
        if self.count < _FEWEST:
            found = f"{self.count} samples" if self.count > 1 else "1 sample"
            raise wanted.error(
                f"{found} only", f"pass {_FEWEST} at least, better 256: every fifth is held out"
            )
        if self.count >= most:
            self.notes.append(Note("data", f"the first {most} samples were used, no more"))
        starts = np.cumsum([0, *lengths[:-1]])
        self.numbers = [
            np.arange(start, start + length) for start, length in zip(starts, lengths, strict=True)
        ]
        self._held = self._held_out()
        self._truth = self._outputs(model)

    def tensors(self) -> list[list[Any]]:
        """Return for each batch the model's inputs as tensors, in their order."""
        net = functional(self._model)
        return [
            flat_inputs(net, self._packed({k: tf.convert_to_tensor(v) for k, v in inputs.items()}))
            for inputs in self._inputs
        ]

    def to_fit(self) -> Iterator[tuple[Any]]:
        """Yield the samples that are not held out, as batches that the model takes."""
        for inputs, numbers in zip(self._inputs, self.numbers, strict=True):
            stay = ~held(numbers)
            if stay.any():
                yield (self._packed({name: array[stay] for name, array in inputs.items()}),)

    def disagreement(self, model: Any) -> float:
        """Return how far a model's outputs are from the original's on the held-out samples.

        See `disagreement`; outputs are those of floats, if there are any, and places that a Keras
        mask covers do not count.
        """
        return disagreement(self._truth, self._outputs(model))

    def _held_out(self) -> list[tuple[Inputs, Any]]:
        """Return what is run to judge, and which rows of that judge."""
        rows = [held(numbers) for numbers in self.numbers]
        if self.fixed_size:
            return list(zip(self._inputs, rows, strict=True))
        taken = [
            {name: array[chosen] for name, array in inputs.items()}
            for inputs, chosen in zip(self._inputs, rows, strict=True)
            if chosen.any()
        ]
        return [(inputs, slice(None)) for inputs in _joined(taken, self._together)]

    def _outputs(self, model: Any) -> list[NDArray[np.float64]]:
        """Return each output of a model on the held-out samples."""
        found = []
        for inputs, rows in self._held:
            outputs = _judged(
                model(self._packed({k: tf.convert_to_tensor(v) for k, v in inputs.items()}))
            )
            found.append([_unmasked(y)[rows] for y in outputs])
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def _packed(self, inputs: Any) -> Any:
        return packed(self._model, inputs)


def _joined(batches: Sequence[Inputs], rows: int) -> list[Inputs]:
    """Return the same samples in batches of up to `rows`, where shapes allow."""
    found: list[list[Inputs]] = []
    for inputs in batches:
        group = found[-1] if found else []
        full = sum(map(_length, group)) + _length(inputs) > rows
        if not group or full or _shapes(group[0]) != _shapes(inputs):
            found.append([])
        found[-1].append(inputs)
    return [
        {name: np.concatenate([inputs[name] for inputs in group]) for name in group[0]}
        for group in found
    ]


def _length(inputs: Inputs) -> int:
    return len(next(iter(inputs.values())))


def _shapes(inputs: Inputs) -> dict[str, tuple[int, ...]]:
    return {name: array.shape[1:] for name, array in inputs.items()}


def _judged(outputs: Any) -> list[Any]:
    """Return the outputs that say how near they are: a class that was chosen does not."""
    flat = list(keras.tree.flatten(outputs))
    return [y for y in flat if y.dtype.is_floating] or flat


def _unmasked(y: Any) -> NDArray[np.float64]:
    """Return an output as an array, zero where a Keras mask covers it."""
    values, mask = np.asarray(y, np.float64), mask_of(y)
    if mask is None or tuple(mask.shape) != values.shape[: len(mask.shape)]:
        return values
    return values * np.asarray(mask).reshape(*mask.shape, *[1] * (values.ndim - len(mask.shape)))


def held(numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which samples, by their numbers, are held out.

    Example:
        >>> held(np.arange(6)).tolist()
        [False, False, False, False, True, False]
    """
    return numbers % _HELD == _HELD - 1
