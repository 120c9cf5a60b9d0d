"""The multiply-accumulates of the operations of `keras.ops`, by the names of their classes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tfprune.counts.calls import CountedCall
from tfprune.counts.shapes import Uncounted, contracted_macs, einsum_macs, product, spatial
from tfprune.counts.traced import OwnCode
from tfprune.keras_facts import class_path, op_name

CountRule = Callable[[Any, list[Any], Any], int]
"""`rule(operation, shapes of the operands, output's shape)` → MACs."""


def _matmul(op: Any, shapes: list[Any], out: Any) -> int:
    return product(out) * product(shapes[0][-1:])


def _einsum(op: Any, shapes: list[Any], out: Any) -> int:
    return einsum_macs(op.subscripts, shapes)


def _contraction(op: Any, shapes: list[Any], out: Any) -> int:
    return contracted_macs(shapes[0], shapes[1], out) if shapes[0] and shapes[1] else 0


def _convolution(op: Any, shapes: list[Any], out: Any) -> int:
    return spatial(out, op.data_format) * sum(math.prod(kernel) for kernel in shapes[1:])


def _transposed(op: Any, shapes: list[Any], out: Any) -> int:
    return spatial(shapes[0], op.data_format) * math.prod(shapes[1])


def _attention(op: Any, shapes: list[Any], out: Any) -> int:
    """Query (B, T, N, H), key (B, S, K, H) and value (B, S, K, V): T x S x N x (H + V)."""
    query, key, value = shapes[:3]
    return product(query[:3]) * product(key[1:2]) * product((key[3] + value[3],))


_RULES: dict[str, CountRule] = {
    "Matmul": _matmul,
    "Einsum": _einsum,
    "Dot": _contraction,
    "Tensordot": _contraction,
    "Inner": _contraction,
    "Vdot": _contraction,
    "Conv": _convolution,
    "DepthwiseConv": _convolution,
    "SeparableConv": _convolution,
    "ConvTranspose": _transposed,
    "DotProductAttention": _attention,
}
_ROUNDING = "keras.src.quantizers."
_HIDING = {
    "AssociativeScan",
    "Cond",
    "ForiLoop",
    "Function",
    "JVP",
    "Map",
    "Scan",
    "Switch",
    "VectorizedMap",
    "WhileLoop",
}
_MULTIPLYING = {
    "CDist",
    "Corrcoef",
    "Correlate",
    "FFT",
    "FFT2",
    "GaussianBlur",
    "IFFT2",
    "IRFFT",
    "ISTFT",
    "Kron",
    "RFFT",
    "SSIM",
    "STFT",
    "SobelEdges",
}


def op_macs(call: CountedCall) -> int:
    """Return the multiply-accumulates of one call of an operation of `keras.ops`.

    Elementwise operations, reductions and data movement take none.

    Raises:
        Uncounted: the operation hides what it runs, or is not known.
        OpenSize: a size is open.
    """
    kind = type(call.operation)
    if kind is OwnCode:
        return int(call.operation.macs)
    if class_path(call.operation).startswith(_ROUNDING):
        return 0
    name = op_name(call.operation)
    if name in _HIDING:
        raise Uncounted(f"{name} runs code that the graph does not show")
    decomposition = (
        class_path(call.operation).startswith("keras.src.ops.linalg.") and name != "Norm"
    )
    if name is None or decomposition or name in _MULTIPLYING:
        raise Uncounted(f"there is no rule for the operation {kind.__name__}")
    if name not in _RULES:
        return 0
    shapes = [tuple(operand.shape) for operand in call.operands]
    return _RULES[name](call.operation, shapes, call.outputs[0].shape)
