"""Bring every form of representative data to the samples that the converter feeds a model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import PruneError

Sample = dict[str, NDArray[Any]]
_FIX = (
    "pass representative_dataset=x_train[:200], a batched tf.data.Dataset, or a function that "
    "yields [batch]"
)


def samples(data: Any, inputs: tuple[Any, ...]) -> list[Sample]:
    """Return one `{input name: array}` for each calibration run.

    Args:
        data: An array, a list of arrays (one per input if the model has several, else one per
            batch), a dict of arrays, a `tf.data.Dataset` of inputs or (inputs, targets), or a
            function without arguments that yields any of these, as TFLiteConverter takes it.
        inputs: The model's input specs. A fixed batch size splits larger batches.

    Raises:
        PruneError: there is no data, or its shapes are not those of the inputs.

    Example:
        >>> from types import SimpleNamespace
        >>> spec = SimpleNamespace(name="x", shape=(1, 2), dtype="float32")
        >>> [s["x"].tolist() for s in samples(np.array([[1, 2], [3, 4]]), (spec,))]
        [[[1.0, 2.0]], [[3.0, 4.0]]]
    """
    if data is None:
        raise PruneError("full integer quantization", "representative_dataset is missing", _FIX)
    found = [s for batch in _batches(data, inputs) for s in _split(_named(batch, inputs), inputs)]
    if not found:
        raise PruneError(
            "full integer quantization",
            "representative_dataset is empty (or smaller than one batch)",
            _FIX,
        )
    return found


def _batches(data: Any, inputs: tuple[Any, ...]) -> Iterator[Any]:
    if callable(data) and not isinstance(data, Iterable):
        yield from _call(data)
    elif isinstance(data, Mapping) or hasattr(data, "__array__"):
        yield data
    elif hasattr(data, "element_spec"):
        yield from _dataset(data)
    elif isinstance(data, tuple) or (isinstance(data, list) and len(inputs) > 1):
        yield data
    elif isinstance(data, Iterable):
        yield from data
    else:
        raise PruneError(
            f"representative_dataset of type {type(data).__name__}", "it holds no arrays", _FIX
        )


def _call(function: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    try:
        yield from function()
    except TypeError as error:
        raise PruneError("call representative_dataset()", str(error), _FIX) from error


def _dataset(data: Any) -> Iterator[Any]:
    if int(data.cardinality()) == -1:
        raise PruneError(
            "calibrate with a tf.data.Dataset",
            "it repeats without end",
            "pass dataset.take(100)",
        )
    paired = isinstance(data.element_spec, tuple) and len(data.element_spec) in (2, 3)
    for element in data:
        yield element[0] if paired else element


def _named(batch: Any, inputs: tuple[Any, ...]) -> Sample:
    """Return the arrays of one batch by input name, each with a batch dimension."""
    if isinstance(batch, Mapping):
        missing = [spec.name for spec in inputs if spec.name not in batch]
        if missing:
            raise PruneError(
                f"calibrate with a dict of {sorted(batch)}",
                f"the model's inputs are called {[spec.name for spec in inputs]}",
                f"add the key {missing[0]!r}",
            )
        parts = [batch[spec.name] for spec in inputs]
    elif isinstance(batch, (list, tuple)) and _is_one_per_input(batch, inputs):
        parts = list(batch)
    else:
        parts = [batch]
    if len(parts) != len(inputs):
        raise PruneError(
            f"calibrate with {len(parts)} arrays",
            f"the model has {len(inputs)} inputs: {[spec.name for spec in inputs]}",
            "pass a list with one array per input, or a dict by input name",
        )
    return {s.name: _with_batch(part, s) for s, part in zip(inputs, parts, strict=True)}


def _is_one_per_input(batch: Any, inputs: tuple[Any, ...]) -> bool:
    return len(batch) == len(inputs) and all(
        np.ndim(part) in (len(spec.shape), len(spec.shape) - 1)
        for part, spec in zip(batch, inputs, strict=True)
    )


def _with_batch(part: Any, spec: Any) -> NDArray[Any]:
    dtype = np.dtype(getattr(spec.dtype, "name", spec.dtype))
    try:
        array = np.asarray(part).astype(dtype)
    except (TypeError, ValueError) as error:
        raise PruneError(
            f"calibrate the input {spec.name!r} with a {type(part).__name__}",
            f"it is no array of numbers: {error}",
            _FIX,
        ) from error
    if array.ndim == len(spec.shape) - 1:
        array = array[None]
    rest = tuple(spec.shape)[1:]
    fits = array.ndim == len(spec.shape) and all(
        wanted in (None, found) for wanted, found in zip(rest, array.shape[1:], strict=True)
    )
    if not fits:
        raise PruneError(
            f"calibrate the input {spec.name!r} with an array of shape {array.shape}",
            f"the model takes {tuple(spec.shape)}",
            "pass preprocessed inputs, exactly as the model sees them in training",
        )
    return array


def _split(sample: Sample, inputs: tuple[Any, ...]) -> Iterator[Sample]:
    counts = {len(array) for array in sample.values()}
    if len(counts) > 1:
        raise PruneError(
            f"calibrate with inputs of {sorted(counts)} rows",
            "each row needs a value for every input",
            "pass arrays of equal length",
        )
    count = counts.pop()
    size = inputs[0].shape[0] or count
    for start in range(0, count - size + 1, size) if size else ():
        yield {name: array[start : start + size] for name, array in sample.items()}
