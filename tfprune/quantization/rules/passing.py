"""Layers that only move, choose or average values: pooling, padding, reshaping, dropout."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfprune.keras_facts import PASS_THROUGH
from tfprune.quantization.rules.rule import MIXED, MOVED, Rule, left_alone


def _moved(layer: Any) -> Rule:
    return Rule(output=MOVED)


def _mixed(layer: Any) -> Rule:
    return Rule(output=MIXED)


def _learned(layer: Any) -> Rule:
    return Rule()


def _resized(layer: Any) -> Rule:
    if layer.interpolation == "nearest":
        return _moved(layer)
    if layer.interpolation == "bilinear":
        return _mixed(layer)
    return left_alone(f"{layer.interpolation} resizing has no int8 kernel in TFLite")


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
    layers.UpSampling2D: _resized,
}
