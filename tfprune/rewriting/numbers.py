"""Operations of one tensor and constants that are x → scale * x + offset."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from tfprune.keras_facts import op_name

ScaleAndOffset = tuple[Any, Any]
"""Scale and offset: numbers, or arrays of one number for each channel."""


def constant_form(node: Any) -> ScaleAndOffset | None:
    """Return scale and offset of a call that computes scale * x + offset, None for another.

    Known are `+`, `-`, `*`, `/` of a tensor and a constant, `Rescaling` and `Normalization`.
    BatchNormalization is not one: in training it is another function.

    Example:
        >>> from tfprune.keras_internals import node_behind
        >>> x = keras.Input((2, 2, 3))
        >>> node = node_behind(3.0 - x)
        >>> constant_form(node)
        (-1.0, 3.0)
    """
    operation = node.operation
    if type(operation) is layers.Rescaling:
        return _plain(operation.scale), _plain(operation.offset)
    if type(operation) is layers.Normalization:
        return _normalization(operation)
    kind = op_name(operation)
    if kind is None:
        return None
    values = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
    if len(values) != 2 or len(node.input_tensors) != 1:
        return None
    first = isinstance(values[0], keras.KerasTensor)
    constant = _plain(values[1] if first else values[0])
    if constant is None or not _per_channel(constant, node.input_tensors[0].shape[-1]):
        return None
    return _form(kind, constant, first)


def _form(kind: str, constant: Any, tensor_first: bool) -> ScaleAndOffset | None:
    if kind == "Add":
        return 1.0, constant
    if kind == "Multiply":
        return constant, 0.0
    if kind == "Subtract":
        return (1.0, -constant) if tensor_first else (-1.0, constant)
    if kind in ("Divide", "TrueDivide") and tensor_first:
        return 1.0 / constant, 0.0
    return None


def _plain(value: Any) -> Any:
    """Return a constant as a float or a float array of one dimension; None if it is neither."""
    try:
        array = np.asarray(value, "float32")
    except (TypeError, ValueError):
        return None
    if array.size == 1:
        return float(array.reshape(()))
    long = [size for size in array.shape if size != 1]
    # Only the last axis may vary: (C,), (1, 1, 1, C)
    return array.reshape(-1) if len(long) == 1 and array.shape[-1] != 1 else None


def _per_channel(constant: Any, channels: int | None) -> bool:
    return np.ndim(constant) == 0 or len(constant) == channels


def _normalization(layer: Any) -> ScaleAndOffset | None:
    if layer.axis not in ((-1,), (3,)) or layer.invert:
        return None
    mean, deviation = np.asarray(layer.mean), np.sqrt(np.asarray(layer.variance))
    scale = 1 / np.maximum(deviation, keras.config.epsilon())
    return _plain(scale), _plain(-mean * scale)
