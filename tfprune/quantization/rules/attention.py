"""MultiHeadAttention, and the EinsumDense layers it projects with."""

from __future__ import annotations

import math
from typing import Any

from keras import layers, ops

from tfprune import keras_internals as internals
from tfprune.keras_facts import Einsum
from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.rules.activations import UNIT, activate, with_activation
from tfprune.quantization.rules.rule import Int8Rule, left_alone

# What is added to a masked score: its softmax is below 1/256, and the range stays narrow.
_MASKED = -12.0


def _einsum_dense(layer: Any, q: Arithmetic, inputs: Any) -> Any:
    return activate(q, layer.activation, _projected(layer, q, inputs))


def _projected(layer: Any, q: Arithmetic, inputs: Any, factor: float = 1.0) -> Any:
    """Return an EinsumDense layer's product and bias, times a factor, as one matrix product."""
    summed = _summed(layer)
    width, out = math.prod(layer.kernel.shape[:summed]), tuple(layer.kernel.shape[summed:])
    kernel = ops.reshape(layer.kernel, (width, math.prod(out))) * factor
    bias = layer.bias
    if bias is not None:
        bias = ops.reshape(ops.broadcast_to(bias, out), (-1,)) * factor
    lead = ops.shape(inputs)[: len(inputs.shape) - summed]
    rows = ops.reshape(inputs, (*lead, width)) if summed > 1 else inputs
    outputs = q.affine(rows, kernel, bias, ops.matmul, per_channel=False)
    return ops.reshape(outputs, (*lead, *out)) if len(out) > 1 else outputs


def _summed(layer: Any) -> int:
    """Return how many last axes of the input an EinsumDense sums over, 0 if it is no such sum."""
    equation = Einsum.parse(layer.equation)
    (inputs, kernel), output = equation.operands, equation.output
    for count in range(1, len(kernel)):
        if inputs[-count:] == kernel[:count] and output == inputs[:-count] + kernel[count:]:
            return count
    return 0


def _einsum_rule(layer: Any) -> Int8Rule:
    if not _summed(layer):
        return left_alone(f"{layer.equation} does not sum over the last axes of its input")
    return with_activation(Int8Rule(compute=_einsum_dense), layer.activation, norm=False)


def _attention(
    layer: Any,
    q: Arithmetic,
    query: Any,
    value: Any,
    key: Any = None,
    query_mask: Any = None,
    value_mask: Any = None,
    key_mask: Any = None,
    attention_mask: Any = None,
    return_attention_scores: bool = False,
    use_causal_mask: bool = False,
) -> Any:
    key = value if key is None else key
    mask = internals.attention_mask(
        layer,
        query,
        value,
        query_mask=query_mask,
        value_mask=value_mask,
        key_mask=key_mask,
        attention_mask=attention_mask,
        use_causal_mask=use_causal_mask,
    )
    factor = 1 / math.sqrt(layer.key_dim)
    # The factor goes into the kernel, which spares an op and a rounding.
    query_dense, key_dense, value_dense, output_dense = internals.projections(layer)
    scored, summed = internals.attention_equations(layer)
    queries = q.range(_projected(query_dense, q, query, factor), "query")
    keys = q.range(_projected(key_dense, q, key), "key")
    values = q.range(_projected(value_dense, q, value), "value")
    scores = q.range(ops.einsum(scored, keys, queries), "scores")
    shares = q.fixed(ops.softmax(_masked(q, scores, mask), axis=-1), *UNIT)
    kept = shares
    if layer.dropout:
        kept = internals.attention_dropout(layer)(shares, training=q.training)
    context = q.range(ops.einsum(summed, kept, values), "context")
    outputs = _projected(output_dense, q, context)
    return (outputs, shares) if return_attention_scores else outputs


def _masked(q: Arithmetic, scores: Any, mask: Any) -> Any:
    if mask is None:
        return scores
    while len(mask.shape) < len(scores.shape):
        mask = ops.expand_dims(mask, -3)
    added = (1.0 - ops.cast(mask, scores.dtype)) * _MASKED
    return q.range(scores + q.fixed(added, _MASKED, 0.0), "masked")


def _attention_rule(layer: Any) -> Int8Rule:
    config = layer.get_config()  # Keras 3.12 has neither
    if config.get("use_gate") or config.get("sliding_window"):
        return left_alone("attention with a gate or a sliding window has no int8 rule")
    if not internals.attends_like(layer, layers.MultiHeadAttention):
        return left_alone("it overrides `_compute_attention`")
    if layer.built and len(config["attention_axes"]) > 1:
        return left_alone("it attends over several axes")
    return Int8Rule(compute=_attention, keeps_whole=True)


RULES: dict[type, Any] = {
    layers.EinsumDense: _einsum_rule,
    layers.MultiHeadAttention: _attention_rule,
}
