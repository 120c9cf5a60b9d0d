"""What a rule says of a kind of layer: how it computes in int8, and the range of its output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Compute = Callable[..., Any]

LEARNED = "learned"
MOVED = "moved"
MIXED = "mixed"
FLOAT = "float"


@dataclass(frozen=True, kw_only=True)
class Int8Rule:
    """How one layer is quantized.

    Args:
        compute: `compute(layer, q, *args, **kwargs)` with `q` an `Arithmetic`; None if the layer
            itself computes the right thing from rounded inputs.
        output: The range of the output: `"learned"`; `"moved"`, the input's, of values that are
            only moved; `"mixed"`, the input's, of values that must be rounded again; a fixed pair
            (low, high); or `"float"`: the layer is left alone.
        fuses_relu: Whether a relu behind it becomes part of the same int8 op, so that only the
            relu's output is rounded.
        fuses_norm: Whether a BatchNormalization behind it is folded into its kernel.
        keeps_whole: Whether integers and bools that it reads are no numbers but masks, conditions
            or indices, and reach `compute` as they are; else they are cast to float and rounded.
        joins: Whether its inputs and output have one range in int8, so that an input that nobody
            else reads is only rounded at the output.
        reason: Why it is left alone, or what in it stays float.
    """

    compute: Compute | None = None
    output: str | tuple[float, float] = LEARNED
    fuses_relu: bool = False
    fuses_norm: bool = False
    joins: bool = False
    keeps_whole: bool = False
    reason: str = ""


def left_alone(reason: str) -> Int8Rule:
    """Return the rule of a layer that stays float."""
    return Int8Rule(output=FLOAT, reason=reason)
