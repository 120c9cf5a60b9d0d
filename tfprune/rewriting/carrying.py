"""Scales, offsets and BatchNormalization inside the sparse part, carried by a convolution."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from tfprune.graph import Calls
from tfprune.rewriting.editing import EXACT, Change, Edits, Make, New
from tfprune.rewriting.numbers import ScaleAndOffset, constant_form

_LINEAR = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)


def carry(edits: Edits) -> None:
    """Give every scale and offset that no convolution before it can take one that does.

    The converter folds a BatchNormalization or a constant into the convolution right before it.
    Where there is none (after an activation or an addition) it stays an operation with a constant
    operand, which ends the sparse part. A depthwise 3x3 convolution that is zero but for its
    centre multiplies each channel by a number, and can stand there.
    """
    for node in edits.calls.nodes:
        if node not in edits.part or len(node.outputs[0].shape) != 4 or _folds(edits.calls, node):
            continue
        form = constant_form(node)
        if form is not None:
            edits.instead(node, _constant(edits, node, form))
            what = "a constant operand becomes a depthwise convolution"
        elif type(node.operation) is layers.BatchNormalization:
            edits.instead(node, _before(edits, node))
            what = "a depthwise convolution before it, which does nothing, takes it at conversion"
        else:
            continue
        edits.changes.append(Change(node.operation.name, what, EXACT))


def carrier(x: Any, name: str, scale: Any, offset: Any = None) -> Any:
    """Return scale * x + offset, channel by channel, as a depthwise convolution that stays so.

    Args:
        x: A feature map (batch, height, width, channels).
        name: The layer's name.
        scale: One number for each channel.
        offset: One number for each channel, None for no bias.
    """
    layer = layers.DepthwiseConv2D(
        3, padding="same", use_bias=offset is not None, trainable=False, name=name
    )
    result = layer(x)
    kernel = np.zeros(layer.kernel.shape, "float32")
    kernel[1, 1, :, 0] = scale
    layer.kernel.assign(kernel)
    if offset is not None:
        layer.bias.assign(offset)
    return result


def _folds(calls: Calls, node: Any) -> bool:
    """Whether the converter folds a call into the convolution before it."""
    tensor = node.input_tensors[0]
    while (maker := calls.maker(calls.origin(tensor))) is not None and calls.read_once(tensor):
        if type(maker.operation) in _LINEAR:
            return maker.operation.activation is keras.activations.linear
        if type(maker.operation) is not layers.BatchNormalization and constant_form(maker) is None:
            return False
        tensor = maker.input_tensors[0]
    return False


def _constant(edits: Edits, node: Any, form: ScaleAndOffset) -> Make:
    tensor = node.input_tensors[0]
    ones = np.ones(tensor.shape[-1], "float32")
    name = edits.name(f"{node.operation.name}_carrier")

    def make(new: New) -> Any:
        scale, offset = (ones * value for value in form)
        return carrier(new(tensor), name, scale, offset if np.any(offset) else None)

    return make


def _before(edits: Edits, node: Any) -> Make:
    tensor = node.input_tensors[0]
    name = edits.name(f"{node.operation.name}_carrier")

    def make(new: New) -> Any:
        args, kwargs = node.arguments.fill_in({id(tensor): new(tensor)})
        x = carrier(new(tensor), name, np.ones(tensor.shape[-1], "float32"))
        return edits.copy(node.operation)(x, *args[1:], **kwargs)

    return make
