"""Layers and operations that join tensors of one shape, or set them side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import layers, ops

from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.rule import Rule


def _folding(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return a computation that joins inputs two by two, each result rounded but the last."""

    def compute(layer: Any, q: Arithmetic, inputs: Any) -> Any:
        total = inputs[0]
        for i, value in enumerate(inputs[1:]):
            total = operation(q.range(total, f"partial_{i}") if i else total, value)
        return total

    return compute


def _average(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    total = q.range(_folding(ops.add)(layer, q, inputs), "total")
    return total * q.constant(1 / len(inputs))


def _joined(compute: Any, fuses_relu: bool = False) -> Any:
    return lambda layer: Rule(compute, fuses_relu=fuses_relu)


def _of_one_range(layer: Any) -> Rule:
    return Rule(joins=True)


RULES: dict[type, Any] = {
    layers.Add: _joined(_folding(ops.add), fuses_relu=True),
    layers.Subtract: _joined(None, fuses_relu=True),
    layers.Multiply: _joined(_folding(ops.multiply), fuses_relu=True),
    layers.Average: _joined(_average),
    layers.Maximum: _of_one_range,
    layers.Minimum: _of_one_range,
    layers.Concatenate: _of_one_range,
}
