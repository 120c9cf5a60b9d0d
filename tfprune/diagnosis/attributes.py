"""What XNNPACK's delegate wants of an op's attributes, shapes and scales, op by op.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc; the line of each check is that of
LiteRT f674577 (August 2026). Types and numbers of tensors stand in `op_tables`,
ops that move data in `moving`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tfprune.diagnosis import moving
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE, FLOAT
from tfprune.tflite.model import Op
from tfprune.tflite.tensor import Tensor

OpCheck = Callable[[GraphView, Op], "str | None"]

_CLAMPS = (0, 1, 2, 3)  # none, ReLU, ReLU to 1, ReLU6
_PADDINGS = (0, 1)  # 'same', 'valid'


def is_normal(number: float) -> bool:
    """Whether std::isnormal holds of it as a float32: no zero, denormal, infinity or NaN."""
    return math.isfinite(number) and bool(abs(np.float32(number)) >= np.finfo(np.float32).tiny)


def one_scale(tensor: Tensor) -> str | None:
    """Return what is wrong with the scales of 8-bit data (CheckTensorFloat32OrQUInt8Type, 2376)."""
    if tensor.dtype not in BYTE:
        return None
    if len(tensor.scales) != 1 or tensor.axis != 0:
        return f"its data are {tensor.dtype} with {len(tensor.scales)} scales"
    if tensor.dtype == "uint8" and len(tensor.zero_points) != 1:
        return "its data are uint8 without a zero point"
    return None


def scale(tensor: Tensor) -> float:
    """Return the one scale of 8-bit data; NaN if there is none."""
    return tensor.scales[0] if tensor.dtype in BYTE and len(tensor.scales) == 1 else math.nan


def _tensors(view: GraphView, op: Op) -> list[Tensor]:
    return [view.tensors[i] for i in (*op.inputs, *op.outputs) if i >= 0]


def _activation(view: GraphView, op: Op) -> str | None:
    """ConvertActivationToOutputRange, line 1880."""
    found = op.options.get("fusedActivationFunction", 0)
    return None if found in _CLAMPS else "XNNPACK does not fuse its activation"


def _padding(view: GraphView, op: Op) -> str | None:
    """CalculatePadding, line 1786."""
    return None if op.options.get("padding", 0) in _PADDINGS else "its padding is unknown"


def _steps(view: GraphView, op: Op) -> str | None:
    """CheckConvolutionParams, line 1930, CheckDepthwiseConvolutionParams, line 1960."""
    names = ("strideH", "strideW", "dilationHFactor", "dilationWFactor")
    low = [n for n in names if op.options.get(n, 1) <= 0]
    return f"its {low[0]} is {op.options[low[0]]}" if low else None


def _multiplier(view: GraphView, op: Op) -> str | None:
    found, channels = op.options.get("depthMultiplier", 1), view.shape(op.inputs[1])[3]
    if found > 0 and channels % found == 0:
        return None
    return f"its depth multiplier is {found}, for {channels} channels"


def _groups(view: GraphView, op: Op) -> str | None:
    """VisitConv2DNode, line 4067: the filter has more channels than the input."""
    short = view.shape(op.inputs[0])[3] < view.shape(op.inputs[1])[3]
    return "its filter has more channels than its input" if short else None


def _pooling(view: GraphView, op: Op) -> str | None:
    """CheckPoolingParams, line 2114."""
    steps = op.options["strideH"], op.options["strideW"]
    sizes = op.options["filterHeight"], op.options["filterWidth"]
    if min(*steps, *sizes) <= 0:
        return "its strides or sizes are not positive"
    if steps[0] > sizes[0] or steps[1] > sizes[1]:
        return "its strides exceed what it pools"
    return None


def _slope(view: GraphView, op: Op) -> str | None:
    """VisitUnaryNode, line 4657: alpha must be a normal number, integer scales not far apart."""
    alpha = op.options.get("alpha", 0.0)
    if not is_normal(alpha):
        return f"its alpha is {np.float32(alpha):g}, and XNNPACK takes no zero and no denormal"
    read, written = scale(view.tensors[op.inputs[0]]), scale(view.tensors[op.outputs[0]])
    if not (is_normal(read) and is_normal(written)):
        return None
    up = np.float32(read) / np.float32(written)
    down = up * np.float32(alpha)
    fine = 1 / 256 <= up <= 128 and -127.99609375 <= down <= 128 and abs(down) >= 1 / 256
    return None if fine else f"its scales differ by {up:g} and {down:g}"


def _rescaled(view: GraphView, op: Op) -> str | None:
    """VisitUnaryNode, line 4690: floats become anything, 8 bits their own kind."""
    read, written = view.tensors[op.inputs[0]], view.tensors[op.outputs[0]]
    if read.dtype in FLOAT:
        return None
    if read.dtype != written.dtype:
        return f"XNNPACK makes no {written.dtype} of {read.dtype}"
    ratio = np.float32(scale(read)) / np.float32(scale(written))
    return None if 1 / 256 <= ratio <= 128 else f"its scales differ by {ratio:g}"


def _sum(view: GraphView, op: Op) -> str | None:
    """CheckTensorsInputOutputScale, line 3089, as VisitBinaryNode asks it, line 4451."""
    written = np.float32(scale(view.tensors[op.outputs[0]]))
    for i in op.inputs:
        ratio = np.float32(scale(view.tensors[i])) / written
        if view.tensors[i].dtype in BYTE and not 1 / 1024 <= ratio < 256:
            return f"a scale is {ratio:g} times that of the sum"
    return None


def _product(view: GraphView, op: Op) -> str | None:
    """CheckTensorsInputProductOutputScale, line 3117, as VisitBinaryNode asks it, line 4479."""
    first, second, written = (np.float32(scale(t)) for t in _tensors(view, op))
    ratio = first * second / written
    integer = view.tensors[op.outputs[0]].dtype in BYTE
    if integer and not 1 / 65536 <= ratio < 256:
        return f"the product of its scales is {ratio:g} times that of the output"
    return None


def _beta(view: GraphView, op: Op) -> str | None:
    """VisitSoftmaxNode, line 6027."""
    return None if op.options.get("beta", 1.0) == 1.0 else "its beta is not 1"


def _format(view: GraphView, op: Op) -> str | None:
    """VisitNode, line 3254, and CheckFullyConnectedParams, line 2101."""
    if op.version == 8 or op.options.get("weightsFormat"):
        return "its weights are read sparse, in 1x4 or 1x16 blocks, without a DENSIFY op"
    return None


def _enlarged(view: GraphView, op: Op) -> str | None:
    """VisitTransposeConvNode, line 6944, and CalculateTransposeConvPaddings, line 1806."""
    shape, new = view.shape(op.inputs[1]), view.values(op, 0) or []
    steps = op.options["strideH"], op.options["strideW"]
    read = view.shape(op.inputs[2])
    if len(new) != 4 or shape[0] != new[3] or shape[3] != read[3]:
        return "its shapes do not fit together"
    if op.options.get("padding", 0) == 1:
        small = shape[1] > new[1] or shape[2] > new[2]
        return "its output is smaller than its kernel" if small else None
    if [-(-n // s) for n, s in zip(new[1:3], steps, strict=True)] != list(read[1:3]):
        return "its sizes do not fit together"
    return "its strides exceed its kernel" if shape[1] < steps[0] or shape[2] < steps[1] else None


def _matrices(view: GraphView, op: Op) -> str | None:
    """VisitBatchMatMulNode, lines 3581 to 3660."""
    a, b = (view.tensors[i] for i in op.inputs)
    axis = len(b.shape) - (2 if op.options.get("adjY") else 1)
    if min(len(a.shape), len(b.shape)) < 2:
        return "its matrices have less than two dimensions"
    if len(b.scales) > 1 and b.axis != axis:
        return f"its scales lie along dimension {b.axis}"
    if a.dtype == "float32" and b.dtype == "int8":
        return None
    if b.dtype == "int8" and any(b.zero_points[:1]):
        return "its second matrix has a zero point"
    same = a.dtype == b.dtype and len(b.scales) <= 1
    return None if same else f"it multiplies {a.dtype} by {b.dtype}"


_POOLING = (_pooling, _padding, _activation)
CHECKS: dict[str, tuple[OpCheck, ...]] = {
    "ADD": (_sum, _activation),
    "SUB": (_sum, _activation),
    "MUL": (_product, _activation),
    "DIV": (_activation,),
    "LEAKY_RELU": (_slope,),
    "QUANTIZE": (_rescaled,),
    "AVERAGE_POOL_2D": _POOLING,
    "MAX_POOL_2D": _POOLING,
    "BATCH_MATMUL": (_matrices,),
    "CONCATENATION": (moving.joined,),
    "CONV_2D": (_steps, _groups, _padding, _activation),
    "DEPTHWISE_CONV_2D": (_steps, _multiplier, _padding, _activation),
    "FULLY_CONNECTED": (_format, _activation),
    "TRANSPOSE_CONV": (_enlarged, _padding, _activation),
    "DEPTH_TO_SPACE": (moving.blocks,),
    "SPACE_TO_DEPTH": (moving.blocks,),
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), (moving.axes,)),
    "PAD": (moving.amounts,),
    "RESHAPE": (moving.kept_scale, moving.flat),
    "RESIZE_BILINEAR": (moving.resized,),
    "SLICE": (moving.sliced,),
    "STRIDED_SLICE": (moving.strided,),
    "SPLIT": (moving.split,),
    "SOFTMAX": (_beta,),
}
"""What else an op must have, by its name, in the order in which the delegate asks."""
