"""Rows of data cut to the batches of a file, and its outputs put together as rows again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfprune.errors import PruneError
from tfprune.runners.tensors import TensorSpec, dequantize, quantize


def batch_of(specs: Sequence[TensorSpec]) -> int | None:
    """Return how many rows one run takes, 1 where the file leaves it open; None if none in common.

    Example:
        >>> specs = [TensorSpec(name="x", shape=(8, 3), dtype="float32")]
        >>> batch_of(specs)
        8
        >>> batch_of([*specs, TensorSpec(name="scale", shape=(), dtype="float32")])
    """
    sizes = {next(iter(spec.shape), 0) for spec in specs}
    return sizes.pop() if len(sizes) == 1 and 0 not in sizes else None


def cut(inputs: Sequence[np.ndarray], specs: Sequence[TensorSpec]) -> list[np.ndarray]:
    """Return arrays of rows as arrays of runs, in the file's types; the last row fills the last.

    Args:
        inputs: One array per input, the same number of rows in each. Floats for a quantized input
            are quantized; integers of its own type are taken as they are.
        specs: The file's inputs.

    Example:
        >>> spec = TensorSpec(name="x", shape=(2, 1), dtype="float32")
        >>> cut([np.array([[1.0], [2.0], [3.0]])], [spec])[0].tolist()
        [[[1.0], [2.0]], [[3.0], [3.0]]]
    """
    batch = batch_of(specs)
    return [_runs(np.asarray(a), spec, batch) for a, spec in zip(inputs, specs, strict=True)]


def _runs(array: np.ndarray, spec: TensorSpec, batch: int | None) -> np.ndarray:
    if spec.quantized and array.dtype.name != spec.dtype:
        array = quantize(array, spec)
    array = array.astype(spec.dtype, copy=False)
    if batch is None:
        return array
    missing = -len(array) % batch
    if missing:
        array = np.concatenate([array, np.repeat(array[-1:], missing, axis=0)])
    return array.reshape(-1, batch, *array.shape[1:])


def joined(
    outputs: Sequence[np.ndarray],
    specs: Sequence[TensorSpec],
    batch: int | None,
    rows: int,
    path: str,
) -> list[np.ndarray]:
    """Return the outputs of all runs as rows of real values.

    Args:
        outputs: One array per output, the runs first.
        specs: The file's outputs; quantized ones are turned into float32.
        batch: Rows of a run, of `batch_of`.
        rows: How many rows there were.
        path: The file, for messages.

    Raises:
        PruneError: an output of several rows has not one for each.
    """
    pairs = zip(outputs, specs, strict=True)
    real = [dequantize(a, spec) if spec.quantized else a for a, spec in pairs]
    return [_rows(a, spec, batch, path)[:rows] for a, spec in zip(real, specs, strict=True)]


def _rows(array: np.ndarray, spec: TensorSpec, batch: int | None, path: str) -> np.ndarray:
    if batch is not None and array.shape[1:2] == (batch,):
        return array.reshape(-1, *array.shape[2:])
    if batch is None or batch == 1:
        return array
    raise PruneError(
        f"run {path} on rows",
        f"it takes {batch} rows at once, its output {spec.name!r} has shape {array.shape[1:]}",
        "convert the model with batch_size=1",
    )
