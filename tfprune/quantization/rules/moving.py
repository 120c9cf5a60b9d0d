"""Layers without a kernel that move, choose, average or join values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import layers, ops

from tfprune.keras_facts import PASS_THROUGH
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.rule import MIXED, MOVED, Int8Rule, left_alone


def _moved(layer: Any) -> Int8Rule:
    return Int8Rule(output=MOVED)


def _mixed(layer: Any) -> Int8Rule:
    return Int8Rule(output=MIXED)


def _learned(layer: Any) -> Int8Rule:
    return Int8Rule()


def resized(layer: Any) -> Int8Rule:
    """Return the rule of a layer or operation that resizes images."""
    if getattr(layer, "antialias", False):
        return left_alone("resizing with antialias has no op in TFLite")
    if getattr(layer, "pad_to_aspect_ratio", False) and layer.fill_value:
        return left_alone("its fill value may lie outside the range of its input")
    if layer.interpolation == "nearest":
        return _moved(layer)
    if layer.interpolation == "bilinear":
        return _mixed(layer)
    return left_alone(f"{layer.interpolation} resizing has no int8 kernel in TFLite")


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
    return lambda layer: Int8Rule(compute=compute, fuses_relu=fuses_relu)


def _of_one_range(layer: Any) -> Int8Rule:
    return Int8Rule(joins=True)


RULES: dict[type, Any] = {
    **dict.fromkeys(
        (
            layers.MaxPooling1D,
            layers.MaxPooling2D,
            layers.GlobalMaxPooling1D,
            layers.GlobalMaxPooling2D,
            layers.ZeroPadding1D,
            layers.ZeroPadding2D,
            layers.Cropping1D,
            layers.Cropping2D,
            layers.UpSampling1D,
            layers.Reshape,
            layers.Flatten,
            layers.Permute,
            layers.RepeatVector,
            *PASS_THROUGH,
        ),
        _moved,
    ),
    layers.AveragePooling1D: _mixed,
    layers.AveragePooling2D: _mixed,
    layers.GlobalAveragePooling1D: _learned,
    layers.GlobalAveragePooling2D: _learned,
    **dict.fromkeys((layers.UpSampling2D, layers.Resizing), resized),
    layers.Add: _joined(_folding(ops.add), fuses_relu=True),
    layers.Subtract: _joined(None, fuses_relu=True),
    layers.Multiply: _joined(_folding(ops.multiply), fuses_relu=True),
    layers.Average: _joined(_average),
    layers.Maximum: _of_one_range,
    layers.Minimum: _of_one_range,
    layers.Concatenate: _of_one_range,
}
