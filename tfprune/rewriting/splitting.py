"""Separable convolutions become two layers, so that their 1x1 kernel is pruned like others."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfprune.rewriting.editing import Edits, Make, New, fill
from tfprune.rewriting.part import SparsePart
from tfprune.rewriting.records import EXACT, Change

_EACH = ("initializer", "regularizer", "constraint")


def split(edits: Edits) -> None:
    """Replace each SeparableConv2D by DepthwiseConv2D and Conv2D 1x1, which keeps its name."""
    part = SparsePart(edits.calls)
    for node in edits.calls.nodes:
        layer = node.operation
        if node in part and type(layer) is layers.SeparableConv2D:
            edits.instead(node, _two(edits, node, edits.name(f"{layer.name}_depthwise")))
            what = "becomes DepthwiseConv2D and Conv2D 1x1, which pruning knows"
            edits.changes.append(Change(layer.name, what, EXACT))


def _two(edits: Edits, node: Any, name: str) -> Make:
    layer = node.operation

    def make(new: New) -> Any:
        depthwise = edits.once((id(layer), "depthwise"), lambda: _depthwise(layer, name))
        pointwise = edits.once((id(layer), "pointwise"), lambda: _pointwise(layer))
        result = pointwise(depthwise(new(node.input_tensors[0])))
        fill(depthwise, layer, kernel=np.asarray(layer.depthwise_kernel))
        fill(pointwise, layer, kernel=np.asarray(layer.pointwise_kernel))
        if layer.use_bias:
            fill(pointwise, layer, bias=np.asarray(layer.bias))
        return result

    return make


def _depthwise(layer: Any, name: str) -> Any:
    config = layer.get_config()
    same = ("kernel_size", "strides", "padding", "depth_multiplier", "dilation_rate", "dtype")
    kernel = {f"depthwise_{key}": config[f"depthwise_{key}"] for key in _EACH}
    shared = {key: config[key] for key in (*same, "data_format")}
    return layers.DepthwiseConv2D.from_config({**shared, **kernel, "name": name, "use_bias": False})


def _pointwise(layer: Any) -> Any:
    config = layer.get_config()
    same = ("name", "filters", "use_bias", "activation", "activity_regularizer", "dtype")
    kernel = {f"kernel_{key}": config[f"pointwise_{key}"] for key in _EACH}
    bias = {f"bias_{key}": config[f"bias_{key}"] for key in _EACH}
    shared = {key: config[key] for key in (*same, "data_format")}
    return layers.Conv2D.from_config({**shared, **kernel, **bias, "kernel_size": 1})
