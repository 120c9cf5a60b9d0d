"""The nodes that XNNPACK makes of TFLite ops, as far as their layout matters."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import hidden
from tfprune.tflite.model import Op

Padding = tuple[int, int, int, int]  # top, right, bottom, left

_SAME = 0
_UNARY = frozenset(
    [
        "ABS",
        "CEIL",
        "COS",
        "DEQUANTIZE",
        "ELU",
        "EXP",
        "FLOOR",
        "GELU",
        "HARD_SWISH",
        "LEAKY_RELU",
        "LOG",
        "LOGISTIC",
        "NEG",
        "QUANTIZE",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "ROUND",
        "RSQRT",
        "SIN",
        "SQRT",
        "SQUARE",
        "TANH",
    ]
)
_KINDS = {
    "CONV_2D": "convolution",
    "DEPTHWISE_CONV_2D": "depthwise",
    "DEPTH_TO_SPACE": "depth to space",
    "RESIZE_BILINEAR": "resize",
    "MEAN": "reduction",
    "SUM": "reduction",
    "PAD": "padding",
    "ADD": "binary",
    "MUL": "binary",
    **dict.fromkeys(_UNARY, "unary"),
}


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node of an XNNPACK subgraph.

    Args:
        op: The op it was made of.
        kind: `"convolution"`, `"depthwise"`, `"fully connected"`, `"depth to space"`, `"resize"`,
            `"reduction"`, `"binary"`, `"unary"`, `"padding"`, or `"other"`.
        inputs: Tensors it reads, constants among them.
        outputs: Tensors it writes.
        padding: Explicit padding; None for TensorFlow's 'same' where it is not symmetric.
    """

    op: Op
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    padding: Padding | None = (0, 0, 0, 0)


def make_nodes(view: GraphView, ops: tuple[Op, ...], outside: set[int]) -> list[Node]:
    """Return the nodes of one part of the graph, with zero padding fused into convolutions.

    Args:
        view: The graph.
        ops: The part that XNNPACK gets.
        outside: Tensors that are read outside of it.

    Source: LiteRT xnnpack_delegate.cc, the `Visit...Node` functions; XNNPACK src/subgraph.c,
    xnn_subgraph_fusion and xnn_subgraph_optimize_common_subgraphs.
    """
    pads = {op.outputs[0]: op for op in ops if op.name == "PAD"}
    nodes = [_fuse(view, _node(view, op), pads, outside) for op in ops]
    fused = {i for node in nodes for i in node.op.inputs} - {i for n in nodes for i in n.inputs}
    return [n for n in nodes if n.kind != "padding" or n.outputs[0] not in fused]


def _node(view: GraphView, op: Op) -> Node:
    inputs = tuple(i for i in op.inputs if i >= 0)
    kind = _KINDS.get(op.name, "other")
    if op.name == "MUL" and len(set(inputs)) == 1:
        return Node(op=op, kind="unary", inputs=inputs[:1], outputs=op.outputs)  # becomes a square
    if op.name in ("MAXIMUM", "MINIMUM") and _bounds(view, inputs):
        return Node(op=op, kind="unary", inputs=inputs[:1], outputs=op.outputs)  # becomes a clamp
    if op.name in ("AVERAGE_POOL_2D", "MAX_POOL_2D") and _size(op) == (1, 1):
        return Node(op=op, kind="unary", inputs=inputs, outputs=op.outputs)
    if op.name == "FULLY_CONNECTED":
        # Unless told to keep its dimensions it is given a reshape first, which changes no layout.
        kind = "fully connected" if op.options.get("keepNumDims") else "other"
    if kind not in ("convolution", "depthwise") and op.name != "FULLY_CONNECTED":
        unseen = hidden(op.name)  # paddings, axes, shapes are no values to XNNPACK
        inputs = tuple(i for place, i in enumerate(op.inputs) if i >= 0 and place not in unseen)
    if kind == "convolution" and _is_matrix_product(view, op):
        kind = "fully connected"
    padding = _explicit(view, op) if kind in ("convolution", "depthwise") else (0, 0, 0, 0)
    return Node(op=op, kind=kind, inputs=inputs, outputs=op.outputs, padding=padding)


def _is_matrix_product(view: GraphView, op: Op) -> bool:
    """Whether XNNPACK defines a convolution as a fully connected node (xnn_define_convolution_2d).

    Only these run on the sparse kernels; a PAD before one is not fused into it.
    """
    outputs, height, width, channels = view.shape(op.inputs[1])
    plain = height * width == 1 and (op.options["strideH"] | op.options["strideW"]) == 1
    return plain and channels == view.shape(op.inputs[0])[3] and channels + outputs > 2


def _bounds(view: GraphView, inputs: tuple[int, ...]) -> bool:
    bound = view.constant(inputs[1]) if len(inputs) == 2 else None
    return bound is not None and bound.size == 1


def _size(op: Op) -> tuple[int, int]:
    return op.options.get("filterHeight", 0), op.options.get("filterWidth", 0)


def _explicit(view: GraphView, op: Op) -> Padding | None:
    """Return the padding that 'same' means at stride 1; at other strides XNNPACK keeps 'same'."""
    if op.options.get("padding") != _SAME:
        return (0, 0, 0, 0)
    if (op.options["strideH"] | op.options["strideW"]) != 1:
        return None
    _, height, width, _ = view.shape(op.inputs[1])
    down = (height - 1) * op.options["dilationHFactor"]
    across = (width - 1) * op.options["dilationWFactor"]
    return (down // 2, across - across // 2, down - down // 2, across // 2)


def _fuse(view: GraphView, node: Node, pads: dict[int, Op], outside: set[int]) -> Node:
    """Take a PAD before a convolution into it, if nothing else reads what it writes."""
    source = node.inputs[0] if node.inputs else -1
    if node.kind not in ("convolution", "depthwise") or source not in pads or source in outside:
        return node
    amounts = view.values(pads[source], 1)
    if node.padding is None or view.readers[source] != 1 or amounts is None or len(amounts) != 8:
        return node
    if any(amounts[:2] + amounts[6:]):
        return node
    top, bottom, left, right = amounts[2:6]
    extra = (top, right, bottom, left)
    sums = tuple(a + b for a, b in zip(node.padding, extra, strict=True))
    inputs = (pads[source].inputs[0], *node.inputs[1:])
    return Node(
        op=node.op,
        kind=node.kind,
        inputs=inputs,
        outputs=node.outputs,
        padding=(sums[0], sums[1], sums[2], sums[3]),
    )
