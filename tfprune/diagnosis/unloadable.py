"""What no LiteRT can load: ops that none brings, weights and scales that none can read."""

from __future__ import annotations

from collections.abc import Iterator

from tfprune.diagnosis.attributes import is_normal
from tfprune.diagnosis.custom_ops import SHIPPED
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE, MOST_DIMENSIONS
from tfprune.diagnosis.parts import Graph
from tfprune.diagnosis.records import Finding
from tfprune.tflite.model import Op


def unloadable(graph: Graph) -> Iterator[Finding]:
    """Return the ops of a graph that keep a file from loading."""
    view = graph.view
    for op in view.ops:
        found = _left(view, op) if op.index in graph.left else _taken(view, op)
        if found is not None:
            rule, words = found
            yield Finding.of(rule, view.label(op), words)


def _left(view: GraphView, op: Op) -> tuple[str, str] | None:
    """Return what is wrong with an op that XNNPACK leaves to the builtin kernels."""
    if op.custom and op.name.startswith("Flex"):
        return "select ops", "is an op of TensorFlow"
    if op.custom and op.name not in SHIPPED:
        return "custom op", "is a custom op that LiteRT does not bring"
    if op.name == "CONV_2D" and (len(op.inputs) < 3 or op.inputs[2] < 0):
        return "no bias", "has no bias"
    if op.name == "DEPTHWISE_CONV_2D" and len(op.inputs) > 2 and op.inputs[2] >= 0:
        kinds = [view.tensors[i].dtype for i in (op.inputs[0], op.inputs[2])]
        return ("int16 bias", "has an int32 bias") if kinds == ["int16", "int32"] else None
    return None


def _taken(view: GraphView, op: Op) -> tuple[str, str] | None:
    """Return what is wrong with an op that XNNPACK takes, and then can't make."""
    if _sparse_bytes(view, op):
        return "loading", f"reads sparse int8 weights {view.tensor_label(op.inputs[1])!r}"
    for i in (*op.inputs, *op.outputs):
        tensor = view.tensors[i] if i >= 0 else None
        if tensor is None or i in view.unpacking:
            continue
        if tensor.dtype in BYTE and any(not is_normal(s) or s < 0 for s in tensor.scales):
            return "scale", f"has the scale {min(tensor.scales, key=abs):g} at {tensor.name!r}"
        if len(tensor.shape) > MOST_DIMENSIONS:
            return "dimensions", f"has {len(tensor.shape)} dimensions"
    return None


def _sparse_bytes(view: GraphView, op: Op) -> bool:
    """Whether the delegate takes the op's int8 weights from the file, where they lie sparse."""
    if op.name not in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV"):
        return False
    if op.inputs[1] not in view.sparse or view.tensors[op.inputs[1]].dtype != "int8":
        return False
    data = view.tensors[op.inputs[2 if op.name == "TRANSPOSE_CONV" else 0]].dtype
    return data == "float32" or op.name == "FULLY_CONNECTED"
