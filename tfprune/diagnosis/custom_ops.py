"""Custom ops and composites: which ones LiteRT brings, and which ones XNNPACK takes.

Source: LiteRT tflite/core/kernels/register.cc, the lines with AddCustom, and
tflite/delegates/xnnpack/xnnpack_delegate.cc, VisitNode, lines 3388 to 3455 of LiteRT f674577.
"""

from __future__ import annotations

import struct

from tfprune.diagnosis.graph_view import GraphView
from tfprune.tflite.composites import COMPOSITE, name_of
from tfprune.tflite.model import Op

SHIPPED = frozenset(
    {
        "AudioSpectrogram",
        "Mfcc",
        "NumericVerify",
        "TFLite_Detection_PostProcess",
        "aeq.hadamard_rotation",
    }
)
"""The custom ops that every LiteRT has a kernel for."""

ATTENTION = frozenset({"odml.scaled_dot_product_attention"})
"""The composites that XNNPACK takes as one op."""

_PADDINGS = (1, 2)  # kTfLitePaddingSame, kTfLitePaddingValid


def called(op: Op) -> str:
    """Return the name by which the delegate knows a custom op or a composite."""
    return name_of(op) if op.name == COMPOSITE else op.name


def attributes(view: GraphView, op: Op) -> str | None:
    """Return why XNNPACK leaves out a custom op or composite whose name and tensors it takes."""
    if called(op) in ATTENTION:
        return _attention(view, op)
    # The options of MediaPipe's ops are a C struct: padding, strides, size, activation.
    raw = op.custom_options[:24].ljust(24, b"\0")
    padding, across, down, wide, high, activation = struct.unpack("<6i", raw)
    if padding not in _PADDINGS or min(across, down) <= 0:
        return "its padding or strides are unknown"
    if called(op) == "Convolution2DTransposeBias":
        return None
    if (wide, high) != (across, down) or activation > 3:
        return "its strides are not its size, or it has an activation"
    return None


def _attention(view: GraphView, op: Op) -> str | None:
    """VisitDotAttentionNode, line 6404."""
    shapes = [view.shape(i) for i in op.inputs]
    if any(len(shape) < 2 for shape in shapes) or len({s[-1] for s in shapes[:3]}) > 1:
        return "its heads have several sizes"
    if any(mask[-1] != shape[1] for mask in shapes[3:] for shape in shapes[1:3]):
        return "its mask has another length than its keys"
    return None
