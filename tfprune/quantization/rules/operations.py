"""Functions of `keras.ops` that stand in a model's graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfprune.keras_facts import op_name
from tfprune.keras_internals import calls_of
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.moving import resized
from tfprune.quantization.rules.rule import LEARNED, MIXED, MOVED, Int8Rule, left_alone


def _squared(operation: Any, q: Arithmetic, x: Any) -> Any:
    return x * x


def _negated(operation: Any, q: Arithmetic, x: Any) -> Any:
    return x * -1.0


def _divided(operation: Any, q: Arithmetic, x1: Any, x2: Any) -> Any:
    return x1 * (1.0 / x2)


def _padding(operation: Any) -> Int8Rule:
    """Zeros and mirrored values have the range of what is padded; another number may not."""
    args, kwargs = _arguments(operation)
    value = kwargs.get("constant_values", args[1] if len(args) > 1 else None)
    return Int8Rule(output=LEARNED if value else MOVED)


def _division(operation: Any) -> Int8Rule:
    """By a number, a multiplication; TFLite divides no int8 tensors by one another."""
    args, kwargs = _arguments(operation)
    given = (*args, *kwargs.values())
    number = len(given) < 2 or isinstance(given[1], (int, float))
    return Int8Rule(compute=_divided) if number else left_alone("TFLite has no int8 division")


def _arguments(operation: Any) -> tuple[Any, Any]:
    """Return the arguments of an operation's call; a copy for a wrapper has none."""
    calls = calls_of(operation)
    return (calls[0].arguments.args, calls[0].arguments.kwargs) if calls else ((), {})


_SUMS = ("Add", "Subtract", "Multiply")
_LEARNED = ("Clip", "Mean", "Sum", "Matmul", "Einsum", "Absolute", "Exp")
_JOINS = ("Maximum", "Minimum", "Concatenate", "Stack")
_MOVES = (
    "Split",
    "Unstack",
    "Reshape",
    "Transpose",
    "Squeeze",
    "ExpandDims",
    "Swapaxes",
    "Moveaxis",
    "Ravel",
    "Tile",
    "Max",
    "Min",
    "Slice",
    "Roll",
    "BroadcastTo",
    "StopGradient",
    "Copy",
)
_RULES: dict[str, Int8Rule] = {
    **dict.fromkeys(_SUMS, Int8Rule(fuses_relu=True)),
    **dict.fromkeys(_LEARNED, Int8Rule()),
    **dict.fromkeys(_JOINS, Int8Rule(joins=True)),
    **dict.fromkeys(_MOVES, Int8Rule(output=MOVED)),
    **dict.fromkeys(("GetItem", "Take"), Int8Rule(output=MOVED, keeps_whole=True)),
    "Repeat": Int8Rule(output=MIXED),  # the converter refuses it in a range that is joined
    "Flip": Int8Rule(output=MIXED),  # the converter leaves it float, and what follows it too
    "Square": Int8Rule(compute=_squared),
    "Negative": Int8Rule(compute=_negated),
    "ZerosLike": Int8Rule(output=(0.0, 1.0)),
}
_BY_CALL: dict[str, Callable[[Any], Int8Rule]] = {
    "Divide": _division,
    "TrueDivide": _division,
    "Pad": _padding,
    "Resize": resized,
}


def find(operation: Any) -> Int8Rule | None:
    """Return the rule of an operation of `keras.ops`, None if it has none."""
    name = op_name(operation) or ""
    return _BY_CALL[name](operation) if name in _BY_CALL else _RULES.get(name)
