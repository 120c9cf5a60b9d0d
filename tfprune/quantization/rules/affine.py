"""Layers with a kernel or a table: convolutions of all kinds, Dense, EinsumDense, Embedding."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras import layers, ops

from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.dilation import dilated
from tfprune.quantization.rules.activations import activate, with_activation
from tfprune.quantization.rules.rule import Int8Rule, left_alone

_FIRST = "channels_first has no int8 kernels in TFLite"


def _conv(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    if layer.padding == "causal":
        before = layer.dilation_rate[0] * (layer.kernel_size[0] - 1)
        inputs = ops.pad(inputs, [(0, 0), (before, 0), (0, 0)])
    padding = "valid" if layer.padding == "causal" else layer.padding

    def product(x: Any, kernel: Any) -> Any:
        rates = _two(layer.dilation_rate)
        if max(rates) > 1 and not q.training:
            return dilated(x, kernel, padding, rates)
        return ops.conv(
            x, kernel, strides=_two(layer.strides), padding=padding, dilation_rate=rates
        )

    return _convolved(layer, q, inputs, layer.kernel, layer.bias, product, q.norm)


def _depthwise(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    return _convolved(
        layer, q, inputs, _channels_last(layer.kernel), layer.bias, _by_channel(layer), q.norm
    )


def _separable(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    inputs, kernel = _plane(layer, inputs), _tall(layer, _channels_last(layer.depthwise_kernel))
    middle = q.affine(inputs, kernel, None, _by_channel(layer))
    pointwise = _tall(layer, layer.pointwise_kernel)
    outputs = q.affine(q.range(middle, "depthwise"), pointwise, layer.bias, _pointwise, norm=q.norm)
    return _line(layer, activate(q, layer.activation, outputs))


def _transposed(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    if layer.rank == 1:
        inputs = ops.expand_dims(inputs, 1)

    def product(x: Any, kernel: Any) -> Any:
        extra = layer.output_padding
        return ops.conv_transpose(
            x,
            kernel,
            strides=_two(layer.strides),
            padding=layer.padding,
            output_padding=None if extra is None else _two(extra, 0),
            dilation_rate=_two(layer.dilation_rate),
        )

    kernel = _tall(layer, layer.kernel)
    # The converter of TensorFlow 2.21 fails on a scale for each channel here.
    outputs = q.affine(inputs, kernel, layer.bias, product, axis=-2, per_channel=False, norm=q.norm)
    return _line(layer, activate(q, layer.activation, outputs))


def _dense(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    # The converter of TensorFlow 2.21 fails on a scale for each channel here.
    outputs = q.affine(inputs, layer.kernel, layer.bias, ops.matmul, per_channel=False, norm=q.norm)
    return activate(q, layer.activation, outputs)


def _convolved(
    layer: Any, q: Arithmetic, inputs: Any, kernel: Any, bias: Any, product: Any, norm: Any
) -> Any:
    inputs, kernel = _plane(layer, inputs), _tall(layer, kernel)
    outputs = q.affine(inputs, kernel, bias, product, norm=norm)
    return _line(layer, activate(q, layer.activation, outputs))


def _by_channel(layer: Any) -> Any:
    """Return the depthwise product with a kernel (height, width, 1, channels x multiplier)."""

    def product(x: Any, kernel: Any) -> Any:
        height, width, _, channels = kernel.shape
        multiplier = layer.depth_multiplier
        kernel = ops.reshape(kernel, (height, width, channels // multiplier, multiplier))
        return ops.depthwise_conv(
            x,
            kernel,
            strides=_two(layer.strides),
            padding=layer.padding,
            dilation_rate=_two(layer.dilation_rate),
        )

    return product


def _pointwise(x: Any, kernel: Any) -> Any:
    return ops.conv(x, kernel)


def _channels_last(kernel: Any) -> Any:
    """Return a depthwise kernel with input channels and multiplier as one last axis."""
    *space, channels, multiplier = kernel.shape
    return ops.reshape(kernel, (*space, 1, channels * multiplier))


def _two(numbers: Any, fill: int = 1) -> tuple[int, ...]:
    """Return settings of a convolution along one axis as those of an image of one row."""
    numbers = (numbers,) if isinstance(numbers, int) else tuple(numbers)
    return numbers if len(numbers) == 2 else (fill, *numbers)


def _tall(layer: Any, kernel: Any) -> Any:
    # A reshape, before rounding: the converter cannot move an axis of a kernel rounded by channel.
    return ops.reshape(kernel, (1, *kernel.shape)) if layer.rank == 1 else kernel


def _plane(layer: Any, inputs: Any) -> Any:
    return ops.expand_dims(inputs, 1) if layer.rank == 1 else inputs


def _line(layer: Any, outputs: Any) -> Any:
    return ops.squeeze(outputs, 1) if layer.rank == 1 else outputs


def _rule(compute: Any) -> Any:
    def rule(layer: Any) -> Int8Rule:
        if getattr(layer, "data_format", "channels_last") != "channels_last":
            return left_alone(_FIRST)
        return with_activation(Int8Rule(compute=compute, fuses_relu=True), layer.activation)

    return rule


def _embedded(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    if layer.input_dim == 1 and len(inputs.shape) == 0:  # a weight of a layer of the user's own
        return ops.reshape(q.kernel(layer.embeddings, axis=None), (-1,))
    table, ids = q.kernel(layer.embeddings, axis=None), ops.cast(inputs, "int32")
    if q.ids_from_zero:  # Keras compares and adds and selects, for ids counted from the end
        return tf.gather(table, ids)
    return ops.take(table, ids, axis=0)


RULES: dict[type, Any] = {
    layers.Embedding: lambda layer: Int8Rule(compute=_embedded, keeps_whole=True),
    layers.Conv1D: _rule(_conv),
    layers.Conv2D: _rule(_conv),
    layers.DepthwiseConv1D: _rule(_depthwise),
    layers.DepthwiseConv2D: _rule(_depthwise),
    layers.SeparableConv1D: _rule(_separable),
    layers.SeparableConv2D: _rule(_separable),
    layers.Conv1DTranspose: _rule(_transposed),
    layers.Conv2DTranspose: _rule(_transposed),
    layers.Dense: _rule(_dense),
}
