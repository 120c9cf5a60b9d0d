"""Nodes that compute wrong numbers, or can't be set up, once some values are channels-first.

XNNPACK's rewrite looks at what a node reads, never at what happens to what it writes. A node that
reads channels-first and writes channels-last must transpose, and only reductions over the image
and depth-to-space do: every other one is set up as if its input were channels-last, without an
error (XNNPACK src/subgraph/convolution-2d.c, create_convolution_operator, and its siblings check
it by assertions, which release builds leave out).
"""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.diagnosis.clusters import Rewrite
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.nodes import Node
from tfprune.tflite.model import Op

_IMAGE = [1, 2]  # height and width


@dataclass(frozen=True)
class Hazard:
    """A node that a rewritten graph can't compute.

    Args:
        node: It.
        rule: The rule it breaks.
        found: What it does.
        known: Whether it was seen to compute wrong numbers or not to load; otherwise nobody knows.
    """

    node: Node
    rule: str
    found: str
    known: bool = True


def hazards(rewrite: Rewrite) -> list[Hazard]:
    """Return all such nodes, in order."""
    found = [_hazard(rewrite, n) for n in range(len(rewrite.nodes))]
    return [hazard for hazard in found if hazard is not None]


def _hazard(rewrite: Rewrite, n: int) -> Hazard | None:
    node = rewrite.nodes[n]
    reads = [i in rewrite.first for i in rewrite.view_inputs(n)]
    writes = [i in rewrite.first for i in node.outputs]
    if node.kind == "reduction" and any(reads):
        return _reduction(rewrite, node, any(writes))
    if any(reads) and not all(reads):
        return Hazard(node, "inside", "reads values of both layouts")
    if any(reads) and not any(writes) and node.kind != "depth to space":
        return Hazard(node, *_reader(rewrite, node))
    if any(writes) and not any(reads) and not _is_stem(rewrite, node):
        return Hazard(node, "entry", "would have to begin the sparse part")
    return None


def _reduction(rewrite: Rewrite, node: Node, inside: bool) -> Hazard | None:
    axes = rewrite.view.values(node.op, 1) or []
    rank = len(rewrite.view.shape(node.inputs[0]))
    if sorted(a % rank for a in axes) != _IMAGE:
        return Hazard(node, "exit", "reduces over other axes than height and width", known=False)
    readers = [other for other in rewrite.nodes if node.outputs[0] in other.inputs]
    if (
        not inside
        and node.op.options.get("keepDims")
        and not _only_reshaped(rewrite, node, readers)
    ):
        return Hazard(node, "exit", "keeps its dimensions at the end of the sparse part")
    # It hands on its result with the dimensions in another order; convolutions don't look at them.
    if inside and any(reader.kind != "fully connected" for reader in readers):
        # A function of one value then runs over too few numbers; some memory happens to be right.
        known = any(reader.kind not in ("fully connected", "unary") for reader in readers)
        return Hazard(node, "inside", "is read by something else than a 1x1 convolution", known)
    if inside and not node.op.options.get("keepDims"):
        return Hazard(node, "exit", "drops its dimensions inside the sparse part")
    return None


def _only_reshaped(rewrite: Rewrite, node: Node, readers: list[Node]) -> bool:
    """Whether nothing looks at the dimensions of a node's output, but perhaps at the batch."""
    value, view = node.outputs[0], rewrite.view
    inside = {reader.op.index for reader in readers}
    outside = [op for op in view.ops if value in op.inputs and op.index not in inside]
    if value in view.outputs or not (readers or outside):
        return False
    flatten = ("RESHAPE", "FULLY_CONNECTED")
    return all(r.op.name in flatten and r.kind == "other" for r in readers) and all(
        op.name == "RESHAPE" or _asks_for_the_batch(view, op) for op in outside
    )


def _asks_for_the_batch(view: GraphView, op: Op) -> bool:
    """Whether an op takes a shape of which only the first number is used, as Flatten does."""
    if op.name != "SHAPE" or op.outputs[0] in view.outputs:
        return False
    readers = [other for other in view.ops if op.outputs[0] in other.inputs]
    return all(
        other.name == "STRIDED_SLICE"
        and [view.values(other, place) for place in (1, 2, 3)] == [[0], [1], [1]]
        and not other.options.get("beginMask")
        and not other.options.get("endMask")
        for other in readers
    )


def _is_stem(rewrite: Rewrite, node: Node) -> bool:
    return node.kind == "convolution" and max(rewrite.view.shape(node.inputs[1])[1:3]) == 3


def _reader(rewrite: Rewrite, node: Node) -> tuple[str, str]:
    """Return which rule is broken by what reads a node's output, and how."""
    value, label = node.outputs[0], rewrite.view.label
    if value in rewrite.outside:
        return "exit", "writes an output of the model, or what a builtin kernel reads"
    if rewrite.view.shape(value)[1:3] == (1, 1):
        return "exit", "reads a pooling that keeps its dimensions, at the end of the sparse part"
    for n, reader in enumerate(rewrite.nodes):
        if value not in reader.inputs:
            continue
        able, stuck = rewrite.abilities[n], rewrite.obstacles.get(n)
        if not able.layout:
            return able.rule or "inside", f"is followed by {label(reader.op)}, which {able.found}"
        if stuck is not None:
            cause = f"{label(rewrite.nodes[stuck.node].op)} {stuck.found}"
            return stuck.rule, f"is followed by {label(reader.op)}, and {cause}"
    return "exit", "writes what nothing in the sparse part reads"
