"""Inputs that a user gives for a .tflite file, in any form that data may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.data import Batches, Input, Wanted
from tfprune.notes import Note
from tfprune.runners.tensors import TensorSpec


def given_inputs(
    data: Any, specs: Sequence[TensorSpec], asked: str
) -> tuple[list[np.ndarray], list[Note]]:
    """Return one array for each input: the first batch of what was given, in the file's order.

    Args:
        data: What `fit` takes, or a path: see `tfprune.data.Batches`. A file with an open batch
            takes all rows of an array at once. A quantized input takes real values, or integers
            of its own type as they are. Inputs without a common batch are given whole.
        specs: The file's inputs; they are called as in its signature, which are the model's names.
        asked: What for, for errors.

    Raises:
        PruneError: the data is not what the file takes.

    Example:
        >>> spec = TensorSpec(name="x:0", shape=(1, 2), dtype="float32", signature="image")
        >>> given_inputs(np.array([[1, 2], [3, 4]]), [spec], "time it")[0]
        [array([[1., 2.]], dtype=float32)]
    """
    inputs, batched = described(specs)
    batches = Batches(data, Wanted(asked=asked, inputs=inputs, batch_size=None, steps=1))
    (batch,) = batches
    arrays = list(batch.inputs.values())
    return arrays if batched else [array[0] for array in arrays], batches.notes


def described(specs: Sequence[TensorSpec]) -> tuple[tuple[Input, ...], bool]:
    """Return what a file takes, and whether its inputs have a common batch.

    Where they have none, a row is all of an input.
    """
    sizes = {0 if 0 in spec.open_axes else spec.shape[:1] for spec in specs}
    batched = len(sizes) == 1 and sizes != {()}
    return tuple(_input(spec, batched) for spec in specs), batched


def _input(spec: TensorSpec, batched: bool) -> Input:
    shape = tuple(None if i in spec.open_axes else size for i, size in enumerate(spec.shape))
    return Input(
        name=spec.signature or spec.name,
        shape=shape if batched else (1, *shape),
        dtype="float32" if spec.quantized else spec.dtype,
        aliases=(*spec.aliases, spec.name),
        stored=spec.dtype if spec.quantized else None,
    )
