"""Which ids of rows are never below zero: Keras counts the others from the end of the table."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.graph import Calls
from tfprune.keras_facts import NEVER_NEGATIVE_FUNCTIONS, activation_of, op_name

_NEVER = ("Absolute", "Argmax", "Argmin", "Argsort", "OneHot", "Square")
_WHERE_ALL_ARE_NOT = (
    "Add", "Cast", "Concatenate", "ExpandDims", "Flip", "Floor", "FloorDivide", "GetItem", "Max",
    "Maximum", "Min", "Minimum", "Multiply", "Repeat", "Reshape", "Round", "Split", "Squeeze",
    "Stack", "Sum", "Swapaxes", "Tile", "Transpose",
)  # fmt: skip
_MOVING_LAYERS = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Permute)


def never_negative(calls: Calls, value: Any) -> bool:
    """Whether no value of a tensor of a model, or of a constant, is ever below zero.

    Args:
        calls: Of the model that the tensor belongs to.
        value: A tensor of its graph, a number or an array.

    Example:
        >>> x = keras.Input((4,), dtype="int32")
        >>> model = keras.Model(x, keras.ops.clip(x, 0, 9)[:, 1:])
        >>> [never_negative(Calls(model), y) for y in (x, model.output, 3, -3)]
        [False, True, True, False]
    """
    if not isinstance(value, keras.KerasTensor):
        return bool(np.all(np.asarray(value) >= 0))
    if value.dtype.startswith(("uint", "bool")):
        return True
    node = calls.maker(value)
    return node is not None and _makes_none_below_zero(calls, node)


def _makes_none_below_zero(calls: Calls, node: Any) -> bool:
    operation, args = node.operation, node.arguments.args
    name = op_name(operation)
    if name in _NEVER or activation_of(operation) in NEVER_NEGATIVE_FUNCTIONS:
        return True
    if name == "Clip":
        return never_negative(calls, operation.x_min)
    if name == "Mod":  # has the sign of its divisor
        return never_negative(calls, args[1])
    if name == "Maximum" and any(never_negative(calls, value) for value in args):
        return True
    if name in _WHERE_ALL_ARE_NOT or isinstance(operation, _MOVING_LAYERS):
        numbers = args if name in ("Add", "FloorDivide", "Maximum", "Minimum", "Multiply") else ()
        read = (*node.input_tensors, *numbers)
        return all(never_negative(calls, value) for value in read)
    return False
