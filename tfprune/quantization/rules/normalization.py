"""Factors and shifts, fixed or per channel: BatchNormalization, Normalization, Rescaling."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from tfprune.keras_internals import normalized_axes
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.folding import folded, is_by_channel
from tfprune.quantization.rules.rule import Int8Rule, left_alone


def _batch_normalization(layer: Any, q: Arithmetic, inputs: Any, mask: Any = None) -> Any:
    """Compute it as a depthwise 1x1 convolution, whose one weight per channel is exact in int8."""
    if q.training and layer.trainable:
        return layer(inputs, training=True, mask=mask)
    return by_channel(q, inputs, *folded(layer))


def by_channel(q: Arithmetic, inputs: Any, gain: Any, shift: Any) -> Any:
    """Return the inputs, of rank 2 to 4, times a factor per channel plus a shift per channel."""
    channels, rank = inputs.shape[-1], len(inputs.shape)
    kernel = q.kernel(ops.reshape(gain, (1, 1, 1, channels)), -1, shift)
    kernel = ops.reshape(kernel, (1, 1, channels, 1))
    images = inputs if rank == 4 else ops.expand_dims(inputs, (1, 2) if rank == 2 else 1)
    outputs = ops.depthwise_conv(images, kernel) + shift
    return outputs if rank == 4 else ops.squeeze(outputs, (1, 2) if rank == 2 else 1)


def _batch_norm_rule(layer: Any) -> Int8Rule:
    if not is_by_channel(layer):
        return left_alone("it does not normalize the last axis of an input of rank 2 to 4")
    return Int8Rule(compute=_batch_normalization, fuses_relu=True)


def _rescaled(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    if not layer.offset:
        return inputs * layer.scale
    return q.range(inputs * layer.scale, "scaled") + layer.offset


def _rescaling(layer: Any) -> Int8Rule:
    numbers = all(isinstance(value, (int, float)) for value in (layer.scale, layer.offset))
    return (
        Int8Rule(compute=_rescaled)
        if numbers
        else left_alone("its scale and offset are no numbers")
    )


def _normalized(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    given = layer.input_mean is not None
    mean = layer.input_mean if given else layer.adapt_mean
    variance = layer.input_variance if given else layer.adapt_variance
    mean, variance = (
        ops.broadcast_to(ops.reshape(ops.convert_to_tensor(v, "float32"), (-1,)), inputs.shape[-1:])
        for v in (mean, variance)
    )
    gain = 1 / ops.maximum(ops.sqrt(variance), 1e-7)
    return by_channel(q, inputs, gain, -mean * gain)


def _normalization(layer: Any) -> Int8Rule:
    kept, reduced = normalized_axes(layer)
    last = kept in ((), (len(kept) + len(reduced) - 1,))
    if layer.invert or not last or layer.mean is None:
        return left_alone("it does not normalize the last axis with a known mean")
    return Int8Rule(compute=_normalized)


def _of_the_data(layer: Any) -> Int8Rule:
    return left_alone(
        "its variance reaches over many powers of two, of which int8 would hold the largest only"
    )


RULES: dict[type, Any] = {
    **dict.fromkeys(
        (layers.LayerNormalization, layers.GroupNormalization, layers.RMSNormalization),
        _of_the_data,
    ),
    layers.BatchNormalization: _batch_norm_rule,
    layers.Normalization: _normalization,
    layers.Rescaling: _rescaling,
}
