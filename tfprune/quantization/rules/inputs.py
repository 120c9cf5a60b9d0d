"""What stands at the beginning of models: fixed scaling of inputs, tables of embeddings."""

from __future__ import annotations

from typing import Any

from keras import layers, ops

from tfprune.keras_internals import normalized_axes
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.normalization import by_channel
from tfprune.quantization.rules.rule import Rule, left_alone


def _rescaled(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    if not layer.offset:
        return inputs * layer.scale
    return q.range(inputs * layer.scale, "scaled") + layer.offset


def _rescaling(layer: Any) -> Rule:
    numbers = all(isinstance(value, (int, float)) for value in (layer.scale, layer.offset))
    return Rule(_rescaled) if numbers else left_alone("its scale and offset are no numbers")


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


def _normalization(layer: Any) -> Rule:
    kept, reduced = normalized_axes(layer)
    last = kept in ((), (len(kept) + len(reduced) - 1,))
    if layer.invert or not last or layer.mean is None:
        return left_alone("it does not normalize the last axis with a known mean")
    return Rule(_normalized)


def _embedded(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    return ops.take(q.kernel(layer.embeddings, axis=None), ops.cast(inputs, "int32"), axis=0)


RULES: dict[type, Any] = {
    layers.Rescaling: _rescaling,
    layers.Normalization: _normalization,
    layers.Embedding: lambda layer: Rule(_embedded, keeps_whole=True),
}
