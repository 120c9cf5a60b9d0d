"""Which ops of a graph XNNPACK takes, and into which parts that cuts the graph.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc: `Subgraph::VisitNode` and the
`Visit...Node` functions it calls decide op by op; tflite/graph_info.cc cuts.
"""

from __future__ import annotations

from collections.abc import Callable

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE, FLOAT, FLOAT_ONLY, FLOAT_OR_BYTE, PARAMETERS
from tfprune.tflite.model import Op

_MOST_DIMENSIONS = 6  # XNN_MAX_TENSOR_DIMS
_CLAMPS = (0, 1, 2, 3)  # fused activations: none, ReLU, ReLU to 1, ReLU6


def left_out(view: GraphView, op: Op) -> str | None:
    """Return why XNNPACK leaves `op` to the builtin kernels, None if it takes it."""
    if op.custom:
        return "it is a custom op"
    if op.name not in FLOAT_ONLY | FLOAT_OR_BYTE:
        return "XNNPACK has no such op"
    for check in (_types, _parameters, _forms):
        if reason := check(view, op):
            return reason
    return None


def partitions(view: GraphView, taken: Callable[[Op], bool]) -> list[tuple[Op, ...]]:
    """Return the parts of the graph that XNNPACK gets, each a list of ops in order.

    As many ops as possible go into one part: all that need nothing but what earlier parts and
    this one compute.
    """
    known = {i for i in range(len(view.tensors)) if i not in view.producers}
    rest, parts = list(view.ops), []
    while rest:
        part, kind = [], None
        for op in rest:
            ready = all(i < 0 or i in known for i in op.inputs)
            kind = taken(op) if kind is None and ready else kind
            if ready and taken(op) == kind:
                part.append(op)
                known |= set(op.outputs)
        if not part:
            break  # a damaged graph: an op that needs its own result
        rest = [op for op in rest if op not in part]
        if kind:
            parts.append(tuple(part))
    return parts


def _types(view: GraphView, op: Op) -> str | None:
    data = [view.tensors[i] for i in _data(op)] + [view.tensors[i] for i in op.outputs]
    allowed = FLOAT if op.name in FLOAT_ONLY else FLOAT | BYTE
    if op.name == "DEQUANTIZE" or (op.name == "QUANTIZE" and data[0].dtype in FLOAT):
        kinds = [t.dtype in FLOAT | BYTE for t in data]
    else:
        same = len({t.dtype for t in data}) == 1
        kinds = [t.dtype in allowed and same for t in data]
    if not all(kinds):
        found = ", ".join(sorted({t.dtype for t in data}))
        return f"XNNPACK has no {op.name} on {found}"
    if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        return _weights(view, op, data[0].dtype)
    return None


def _weights(view: GraphView, op: Op, data: str) -> str | None:
    kernel = view.tensors[op.inputs[1]]
    float_data = data in FLOAT
    hybrid = float_data and kernel.dtype in ("int8", "int4", "int2")
    if kernel.dtype == "int8" and op.name != "FULLY_CONNECTED":
        channels = 3 if op.name == "DEPTHWISE_CONV_2D" else 0
        if len(kernel.scales) > 1 and kernel.axis != channels:
            return f"its scales lie along dimension {kernel.axis}"
    if op.name == "DEPTHWISE_CONV_2D" and hybrid:
        return "XNNPACK has no dynamic-range depthwise convolution"
    if kernel.dtype in ("int4", "int2"):
        dense = op.name == "FULLY_CONNECTED"
        return None if dense else f"XNNPACK has no {op.name} with {kernel.dtype} weights"
    if kernel.dtype != data and not hybrid and not (float_data and kernel.dtype in FLOAT):
        return f"its weights are {kernel.dtype}, its input {data}"
    return None


def _data(op: Op) -> tuple[int, ...]:
    """Return the inputs that carry data, without weights and parameters."""
    hidden = {*PARAMETERS.get(op.name, ()), *((1,) if op.name == "BATCH_MATMUL" else ())}
    return tuple(i for place, i in enumerate(op.inputs) if i >= 0 and place not in hidden)


def _parameters(view: GraphView, op: Op) -> str | None:
    needed = PARAMETERS.get(op.name, ())
    given = [op.inputs[place] for place in needed if place < len(op.inputs)]
    if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D") and (len(given) < 2 or given[1] < 0):
        return "it has no bias"
    if op.name == "FULLY_CONNECTED" and _floats(view, given):
        return None  # weights of float layers may be computed
    if any(i >= 0 and view.constant(i) is None for i in given):
        return "its weights or parameters are computed when the model runs"
    return None


def _floats(view: GraphView, indices: list[int]) -> bool:
    return all(view.tensors[i].dtype == "float32" for i in indices if i >= 0)


def _forms(view: GraphView, op: Op) -> str | None:
    options = op.options
    ranks = [len(view.shape(i)) for i in (*_data(op), *op.outputs)]
    if max(ranks, default=0) > _MOST_DIMENSIONS:
        return f"it has more than {_MOST_DIMENSIONS} dimensions"
    if options.get("fusedActivationFunction", 0) not in _CLAMPS:
        return "XNNPACK does not fuse its activation"
    if op.name == "FULLY_CONNECTED" and (op.version == 8 or options.get("weightsFormat")):
        return "its weights are read sparse, in 1x4 or 1x16 blocks, without a DENSIFY op"
    if op.name == "CONCATENATION" and not 2 <= len(op.inputs) <= 5:
        return f"XNNPACK joins 2 to 5 tensors, not {len(op.inputs)}"
    if op.name == "SPLIT" and not 2 <= len(op.outputs) <= 4:
        return f"XNNPACK splits into 2 to 4 tensors, not {len(op.outputs)}"
    if op.name == "STRIDED_SLICE":
        masks = ("ellipsisMask", "newAxisMask", "shrinkAxisMask")
        strides = view.values(op, 3) or [0]
        if any(options.get(mask) for mask in masks) or any(n != 1 for n in strides):
            return "XNNPACK slices with strides of 1 only, and without masks"
    if op.name in ("AVERAGE_POOL_2D", "MAX_POOL_2D") and (
        options["strideH"] > options["filterHeight"] or options["strideW"] > options["filterWidth"]
    ):
        return "its strides exceed what it pools"
    if op.name == "SOFTMAX" and options.get("beta", 1.0) != 1.0:
        return "its beta is not 1"
    return None
