"""Can this node read and write channels-first values? XNNPACK's rules, node by node.

Source: XNNPACK src/subgraph.c, xnn_check_nchw_compatibility.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.nodes import Node


class Layout(enum.Flag):
    """What a node can do with channels-first (NCHW) values."""

    NONE = 0
    INSIDE = enum.auto()  # reads and writes them
    ENTRY = enum.auto()  # reads channels-last, writes channels-first
    EXIT = enum.auto()  # reads channels-first, writes channels-last


@dataclass(frozen=True)
class Ability:
    """What one node can do, and if it can do nothing, the rule that it breaks.

    Args:
        layout: What it can do.
        rule: The name of the broken rule in `tfprune.runtimes.SPARSE_RULES`; `""` if none is.
        found: What it has instead of what the rule wants.
    """

    layout: Layout
    rule: str = ""
    found: str = ""


_Judge = Callable[[GraphView, Node], Ability]


def ability(view: GraphView, node: Node) -> Ability:
    """Return what `node` can do with channels-first values."""
    kinds = {view.tensors[i].dtype for i in (*node.inputs, *node.outputs)}
    if not kinds <= {"float32", "float16"}:
        return Ability(Layout.NONE, "quantization", "computes with " + ", ".join(sorted(kinds)))
    judge = _JUDGES.get(node.kind)
    return judge(view, node) if judge else Ability(Layout.NONE, "inside", "can't stand there")


def _convolution(view: GraphView, node: Node) -> Ability:
    height, width, channels = view.shape(node.inputs[1])[1:]
    if view.shape(node.inputs[0])[3] != channels:
        return Ability(Layout.NONE, "inside", "is grouped")
    if _dilated(node):
        return Ability(Layout.NONE, "inside", "is dilated")
    if height | width == 1:
        if node.padding != (0, 0, 0, 0) or _strides(node) != (1, 1):
            return Ability(Layout.NONE, "inside", f"has strides of {_by(_strides(node))}")
        return Ability(Layout.INSIDE)
    if (height, width) != (3, 3):
        return Ability(Layout.NONE, "inside", f"is a {height}x{width} convolution")
    return _stem(node, channels)


def _stem(node: Node, channels: int) -> Ability:
    rows, columns = _strides(node)
    if rows | columns != 2 or channels != 3:
        found = f"is a 3x3 convolution of stride {_by((rows, columns))} on {channels} channels"
        return Ability(Layout.NONE, "inside" if channels != 3 else "entry", found)
    if node.padding != (1, 1, 1, 1):
        return Ability(Layout.NONE, "padding", _padding(node))
    return Ability(Layout.ENTRY)


def _depthwise(view: GraphView, node: Node) -> Ability:
    _, height, width, channels = view.shape(node.inputs[1])
    rows, columns = _strides(node)
    if _dilated(node):
        return Ability(Layout.NONE, "inside", "is dilated")
    if channels != view.shape(node.inputs[0])[3]:
        return Ability(Layout.NONE, "inside", "has a depth multiplier")
    if rows != columns or rows > 2:
        return Ability(Layout.NONE, "inside", f"has strides of {_by((rows, columns))}")
    if height != width or height not in (3, 5):
        return Ability(Layout.NONE, "inside", f"has a {height}x{width} kernel")
    if node.padding != (height // 2,) * 4:
        return Ability(Layout.NONE, "padding", _padding(node))
    return Ability(Layout.INSIDE)


def _binary(view: GraphView, node: Node) -> Ability:
    shapes = [view.shape(i) for i in node.inputs]
    if any(len(shape) != 4 for shape in shapes):
        return Ability(Layout.NONE, "inside", "has an operand that is no feature map")
    # Both tests look at the first operand's shape, whichever of the two is a constant.
    if any(view.constant(i) for i in node.inputs) and sum(n != 1 for n in shapes[0]) > 1:
        return Ability(Layout.NONE, "inside", "has a constant operand")
    return Ability(Layout.INSIDE)


def _resize(view: GraphView, node: Node) -> Ability:
    if min(view.shape(node.inputs[0])[1:3]) > 1:
        return Ability(Layout.INSIDE)
    return Ability(Layout.NONE, "inside", "resizes a single row or column")


def _unary(view: GraphView, node: Node) -> Ability:
    if len(view.shape(node.inputs[0])) == 4:
        return Ability(Layout.INSIDE)
    return Ability(Layout.NONE, "inside", "reads no feature map")


def _reduction(view: GraphView, node: Node) -> Ability:
    if len(view.shape(node.inputs[0])) == 4:
        return Ability(Layout.INSIDE | Layout.EXIT)
    return Ability(Layout.NONE, "inside", "reads no feature map")


def _padding_alone(view: GraphView, node: Node) -> Ability:
    return Ability(Layout.NONE, "padding", "is not read by one convolution alone")


def _always(layout: Layout) -> _Judge:
    return lambda view, node: Ability(layout)


_JUDGES: dict[str, _Judge] = {
    "convolution": _convolution,
    "depthwise": _depthwise,
    "binary": _binary,
    "resize": _resize,
    "unary": _unary,
    "reduction": _reduction,
    "depth to space": _always(Layout.EXIT),
    "padding": _padding_alone,
    "fully connected": _always(Layout.INSIDE),
}


def is_pointwise(view: GraphView, node: Node) -> bool:
    """Whether XNNPACK counts the node's weights: a 1x1 convolution or a fully connected node."""
    if node.kind == "convolution":
        return max(view.shape(node.inputs[1])[1:3]) == 1
    return node.kind == "fully connected"


def _strides(node: Node) -> tuple[int, int]:
    return node.op.options["strideH"], node.op.options["strideW"]


def _dilated(node: Node) -> bool:
    options = node.op.options
    return bool((options["dilationHFactor"] | options["dilationWFactor"]) != 1)


def _by(numbers: tuple[int, int]) -> str:
    return f"{numbers[0]}x{numbers[1]}"


def _padding(node: Node) -> str:
    if node.padding is None:
        return "has padding 'same' at stride 2"
    top, right, bottom, left = node.padding
    return f"is padded by {top} above, {right} right, {bottom} below and {left} left"
