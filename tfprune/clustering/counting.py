"""How many different values the weights of a .tflite file have."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.tflite.reading import read_tflite
from tfprune.tflite.tensor import Tensor


@dataclass(frozen=True, kw_only=True)
class ValueCount:
    """The values of one weight tensor of a file.

    Args:
        tensor: Its name in the file.
        shape: Its shape.
        dtype: Its stored type.
        zeros: How many of its values are zero.
        values: How many different values it stores, zero among them.
        most_in_a_channel: The same for the channel with most of them, where an int8 tensor has a
            scale for each channel; else as `values`.
    """

    tensor: str
    shape: tuple[int, ...]
    dtype: str
    zeros: int
    values: int
    most_in_a_channel: int


def count_values(path: str | os.PathLike[str] | bytes) -> tuple[ValueCount, ...]:
    """Count the different values of each weight tensor of a .tflite file.

    Args:
        path: The file, or its bytes.

    Returns:
        A row for each constant of two axes or more that holds numbers, in the file's order.

    Raises:
        FileError: it is no whole .tflite file.

    Example:
        >>> import keras, tempfile, tfprune
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)])
        >>> file = tempfile.mkdtemp() + "/model.tflite"
        >>> _ = tfprune.convert(tfprune.clustering.cluster_weights(model, 4), file)
        >>> [row.values for row in count_values(file)]
        [4]
    """
    tensors = read_tflite(path).all_tensors
    return tuple(
        _counted(t)
        for t in tensors
        if t.is_constant and len(t.shape) > 1 and t.dtype.startswith(("float", "int8", "int4"))
    )


def _counted(tensor: Tensor) -> ValueCount:
    values = tensor.values()
    lines: Any = [values]
    if len(tensor.scales) > 1:
        lines = np.moveaxis(values, tensor.axis, 0)
    return ValueCount(
        tensor=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        zeros=tensor.zeros(),
        values=len(np.unique(values)),
        most_in_a_channel=max(len(np.unique(line)) for line in lines),
    )
