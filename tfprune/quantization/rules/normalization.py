"""BatchNormalization that no kernel can take in."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.folding import folded, is_by_channel
from tfprune.quantization.rules.rule import Rule, left_alone


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


def _rule(layer: Any) -> Rule:
    if not is_by_channel(layer):
        return left_alone("it does not normalize the last axis of an input of rank 2 to 4")
    return Rule(_batch_normalization, fuses_relu=True)


RULES: dict[type, Any] = {layers.BatchNormalization: _rule}
