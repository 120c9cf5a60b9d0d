"""What XNNPACK's delegate wants of the kernels and biases of convolutions and Dense layers.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc; the line of each check is that of
LiteRT f674577 (August 2026).
"""

from __future__ import annotations

from tfprune.diagnosis.attributes import is_normal, one_scale
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import FLOAT
from tfprune.tflite.model import Op
from tfprune.tflite.tensor import Tensor

_NARROW = ("int8", "int4", "int2")
_PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def weights(view: GraphView, op: Op) -> str | None:
    """Return why XNNPACK takes an op's kernel or bias not, None if it does or there are none."""
    if op.name not in (*_PRODUCTS, "TRANSPOSE_CONV"):
        return None
    kernel = view.tensors[op.inputs[1]]
    data = view.tensors[op.inputs[2 if op.name == "TRANSPOSE_CONV" else 0]]
    place = 3 if op.name == "TRANSPOSE_CONV" else 2
    bias = op.inputs[place] if place < len(op.inputs) else -1
    if bias < 0 and op.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return "it has no bias"
    for reason in (
        _rank(op, kernel),
        _scales(op, kernel),
        _mixed(op, data, kernel),
        _bias(view, op, bias, kernel) if bias >= 0 else None,
    ):
        if reason:
            return reason
    return None


def _rank(op: Op, kernel: Tensor) -> str | None:
    wanted = 2 if op.name == "FULLY_CONNECTED" else 4
    if len(kernel.shape) == wanted and min(kernel.shape) > 0:
        return None
    return f"its weights have the shape {kernel.shape}"


def _scales(op: Op, kernel: Tensor) -> str | None:
    """CheckTensorFloat32OrQCInt8Type, line 2447, and CheckTensorFilterType, line 2557."""
    if kernel.dtype == "uint8":
        return one_scale(kernel)
    if kernel.dtype not in _NARROW:
        return None
    if op.name != "FULLY_CONNECTED" and kernel.dtype != "int8":
        return f"XNNPACK has no {op.name} with {kernel.dtype} weights"
    if not kernel.scales:
        return f"its {kernel.dtype} weights have no scales"
    channels = 3 if op.name == "DEPTHWISE_CONV_2D" else 0
    if len(kernel.scales) > 1 and kernel.axis != channels:
        return f"its scales lie along dimension {kernel.axis}"
    if kernel.dtype == "int2" and len(kernel.scales) != kernel.shape[0]:
        return "its int2 weights have one scale"
    if op.name == "FULLY_CONNECTED":
        return None
    if any(not is_normal(s) or s < 0 for s in kernel.scales):
        return "a scale of its weights is zero or denormal"
    if len(kernel.scales) > 1 and any(kernel.zero_points[:1]):
        return "its weights have a zero point"
    return None


def _mixed(op: Op, data: Tensor, kernel: Tensor) -> str | None:
    """VisitConv2DNode, line 4049, VisitDepthwiseConv2DNode, 4269, VisitFullyConnectedNode, 5012."""
    allowed = kernel.dtype == data.dtype
    if op.name == "FULLY_CONNECTED":
        allowed |= kernel.dtype in _NARROW and data.dtype in (*FLOAT, "int8")
    elif op.name in ("CONV_2D", "TRANSPOSE_CONV"):
        allowed |= kernel.dtype == "int8" and data.dtype == "float32"
    elif kernel.dtype == "int8" and data.dtype in FLOAT:
        return "XNNPACK has no dynamic-range depthwise convolution"
    if not allowed:
        return f"its weights are {kernel.dtype}, its input {data.dtype}"
    if op.name != "FULLY_CONNECTED":
        return None
    if data.dtype not in FLOAT and kernel.dtype == "int8" and any(kernel.zero_points[:1]):
        return "its weights have a zero point"
    together = {"int4": 2, "int2": 4}.get(kernel.dtype, 1)
    if kernel.shape[1] % together:
        return f"its {kernel.shape[1]} inputs are no multiple of {together}"
    return None


def _bias(view: GraphView, op: Op, index: int, kernel: Tensor) -> str | None:
    """CheckTensorFloat32OrFloat16OrQCInt32Type, line 2712, CheckFilterAndBiasTypes, line 2813."""
    bias = view.tensors[index]
    if op.name == "FULLY_CONNECTED":
        if bias.size != kernel.shape[0]:
            return f"its bias has {bias.size} numbers for {kernel.shape[0]} outputs"
    elif len(bias.shape) != 1 or bias.shape[0] <= 0:
        return f"its bias has the shape {bias.shape}"
    if bias.dtype == "int32":
        if not bias.scales or bias.axis != 0 or any(not is_normal(s) for s in bias.scales):
            return "its int32 bias has no scale, or one that is zero or denormal"
    elif bias.dtype not in FLOAT:
        return f"its bias is {bias.dtype}"
    if op.name in _PRODUCTS and kernel.dtype in FLOAT:
        pair = _stored(view, op.inputs[1]), _stored(view, index)
        if pair[0] != pair[1] and pair != ("float16", "float32"):
            return f"its weights are {pair[0]}, its bias {pair[1]}"
    return None


def _stored(view: GraphView, index: int) -> str:
    """Return a tensor's type, float16 where its DEQUANTIZE is skipped (PrepareOpsToDelegate, 7316).

    It is skipped if nothing but kernels and biases read what it writes.
    """
    unpacked = view.unpacking.get(index)
    if unpacked is None or unpacked.name != "DEQUANTIZE":
        return view.tensors[index].dtype
    source = view.tensors[unpacked.inputs[0]].dtype
    readers = [op for op in view.ops if index in op.inputs]
    plain = all(op.name in _PRODUCTS and op.inputs[0] != index for op in readers)
    return "float16" if source == "float16" and plain else view.tensors[index].dtype
