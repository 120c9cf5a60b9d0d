"""Functions of `keras.ops` that stand in a model's graph."""

from __future__ import annotations

from typing import Any

from tfprune.keras_facts import op_name
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.rule import MOVED, Int8Rule


def _squared(operation: Any, q: Arithmetic, x: Any) -> Any:
    return x * x


def _negated(operation: Any, q: Arithmetic, x: Any) -> Any:
    return x * -1.0


_SUMS = ("Add", "Subtract", "Multiply")
_LEARNED = ("Mean", "Sum", "Matmul", "Einsum", "Absolute", "Exp")
_JOINS = ("Maximum", "Minimum", "Concatenate", "Stack")
_MOVES = (
    "Reshape",
    "Transpose",
    "Squeeze",
    "ExpandDims",
    "Swapaxes",
    "Moveaxis",
    "Ravel",
    "Tile",
    "Max",
    "Slice",
    "Flip",
)
_RULES: dict[str, Int8Rule] = {
    **dict.fromkeys(_SUMS, Int8Rule(fuses_relu=True)),
    **dict.fromkeys(_LEARNED, Int8Rule()),
    **dict.fromkeys(_JOINS, Int8Rule(joins=True)),
    **dict.fromkeys(_MOVES, Int8Rule(output=MOVED)),
    "GetItem": Int8Rule(output=MOVED, keeps_whole=True),
    "Square": Int8Rule(compute=_squared),
    "Negative": Int8Rule(compute=_negated),
}


def find(operation: Any) -> Int8Rule | None:
    """Return the rule of an operation of `keras.ops`, None if it has none."""
    return _RULES.get(op_name(operation) or "")
