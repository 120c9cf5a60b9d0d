"""Convolutions in forms that run sparse: a grey stem, separable ones, two behind one padding."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfprune.notes import Note
from tfprune.rewriting.carrying import carrier
from tfprune.rewriting.editing import EXACT, Change, Edits, Make, New, fill
from tfprune.rewriting.sparse_part import is_entry, padding_of

_EACH = ("initializer", "regularizer", "constraint")


def widen_stem(edits: Edits) -> None:
    """Let a first convolution on a grey image read it three times: sparse kernels want 3 channels.

    The kernel gets zeros for the second and third channel.
    """
    for node in edits.calls.nodes:
        layer = node.operation
        if is_entry(node, channels=1) and len(edits.calls.of(layer)) == 1:
            edits.instead(node, _widened(edits, node))
            what = "reads its one channel three times, with zero weights for the copies"
            edits.changes.append(Change(layer.name, what, EXACT))


def _widened(edits: Edits, node: Any) -> Make:
    layer, padding = node.operation, padding_of(edits.calls, node)
    name = edits.name(f"{layer.name}_channels")

    def make(new: New) -> Any:
        x = new((padding or node).input_tensors[0])
        x = layers.Concatenate(name=name)([x, x, x])
        if padding is not None:
            x = layers.ZeroPadding2D(padding.operation.padding, name=f"{name}_pad")(x)
        fresh = type(layer).from_config(layer.get_config())
        result = fresh(x)
        kernel = np.zeros(fresh.kernel.shape, "float32")
        kernel[:, :, :1] = np.asarray(layer.kernel)
        fill(fresh, layer, kernel=kernel)
        if layer.use_bias:
            fill(fresh, layer, bias=np.asarray(layer.bias))
        return result

    return make


def split(edits: Edits) -> None:
    """Replace each SeparableConv2D by DepthwiseConv2D and Conv2D 1x1, which keeps its name."""
    for node in edits.calls.nodes:
        layer = node.operation
        if node in edits.part and type(layer) is layers.SeparableConv2D:
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


def separate(edits: Edits) -> None:
    """Let the second reader of a padded map read a copy of it.

    XNNPACK takes a padding into the one convolution that reads it; the converter makes equal
    paddings of one map a single one. The copy is made by a depthwise convolution.
    """
    readers: dict[tuple[Any, ...], list[Any]] = {}
    for node in edits.calls.nodes:
        before = padding_of(edits.calls, node) if node in edits.part else None
        if before is not None:
            key = (id(before.input_tensors[0]), before.operation.padding)
            readers.setdefault(key, []).append(node)
    for _, second, *others in (nodes for nodes in readers.values() if len(nodes) > 1):
        edits.instead(second, _copied(edits, second))
        what = "another layer reads the same padded map: a depthwise convolution copies it"
        edits.changes.append(Change(second.operation.name, what, EXACT))
        for node in others:
            reason = "more than two convolutions read the same padded map, XNNPACK fuses only one"
            edits.notes.append(Note(node.operation.name, reason))


def _copied(edits: Edits, node: Any) -> Make:
    layer, before = node.operation, padding_of(edits.calls, node)
    source = before.input_tensors[0]
    copy, pad = (edits.name(f"{layer.name}_{word}") for word in ("copy", "own_pad"))

    def make(new: New) -> Any:
        x = carrier(new(source), copy, np.ones(source.shape[-1], "float32"))
        x = layers.ZeroPadding2D(before.operation.padding, name=pad)(x)
        return edits.copy(layer)(x)

    return make
