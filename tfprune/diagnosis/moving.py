"""What XNNPACK's delegate wants of the axes, paddings and shapes of ops that move data.

Each returns why the delegate leaves an op out, None if it takes it.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc; the line of each check is that of
LiteRT f674577 (August 2026).
"""

from __future__ import annotations

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE
from tfprune.tflite.model import Op


def joined(view: GraphView, op: Op) -> str | None:
    """VisitConcatenationNode, lines 3914 and 3926: a new axis; uint8 wants one scale."""
    axis, written = op.options.get("axis", 0), view.tensors[op.outputs[0]]
    if any(axis >= len(view.shape(i)) for i in op.inputs):
        return "it joins along a new dimension"
    kinds = {(view.tensors[i].scales, view.tensors[i].zero_points) for i in op.inputs}
    if written.dtype == "uint8" and kinds != {(written.scales, written.zero_points)}:
        return "its uint8 inputs have other scales than its output"
    return None


def kept_scale(view: GraphView, op: Op) -> str | None:
    """VisitReshapeNode, line 5769."""
    read, written = view.tensors[op.inputs[0]], view.tensors[op.outputs[0]]
    same = (read.scales, read.zero_points) == (written.scales, written.zero_points)
    return None if same or written.dtype not in BYTE else "it changes the scale"


def flat(view: GraphView, op: Op) -> str | None:
    """VisitReshapeNode, line 5794 on: the new shape."""
    shape = view.values(op, 1) if len(op.inputs) == 2 else list(op.options.get("newShape", ()))
    if shape is not None and len(shape) == 1 and shape[0] in (0, -1):
        return "it flattens everything to one dimension of any size"
    if len(op.inputs) == 2 and any(n != 1 for n in view.shape(op.inputs[1])[:-1]):
        return "its new shape is no list"
    return None


def axes(view: GraphView, op: Op) -> str | None:
    """VisitReduceNode, line 5329: some axes, in a list."""
    axes = view.values(op, 1)
    if not axes or len(view.shape(op.inputs[1])) > 1:
        return "it reduces over no axis, or its axes are no list"
    return None


def amounts(view: GraphView, op: Op) -> str | None:
    """VisitPadNode, line 5636, and CheckPaddingsTensorShape, line 2926."""
    wanted = (len(view.shape(op.inputs[0])), 2)
    if view.shape(op.inputs[1]) != wanted:
        return f"its paddings have the shape {view.shape(op.inputs[1])}"
    negative = min(view.values(op, 1) or [0]) < 0
    return "it pads by less than nothing" if negative else None


def resized(view: GraphView, op: Op) -> str | None:
    """VisitResizeBilinearNode, line 5877."""
    new = view.values(op, 1)
    fine = new is not None and len(view.shape(op.inputs[1])) == 1 and new[0] > 0
    return None if fine else "its new size is no list of positive numbers"


def sliced(view: GraphView, op: Op) -> str | None:
    """VisitSliceNode, line 5944: sizes must be given, -1 means the rest."""
    if any(len(view.shape(i)) != 1 for i in op.inputs[1:3]):
        return "its begin or size is no list"
    return "it takes all the rest" if min(view.values(op, 2) or [1]) <= 0 else None


def strided(view: GraphView, op: Op) -> str | None:
    """VisitStridedSliceNode, line 6253 on."""
    masks = ("ellipsisMask", "newAxisMask", "shrinkAxisMask")
    strides = view.values(op, 3) or [0]
    if any(op.options.get(mask) for mask in masks) or any(n != 1 for n in strides):
        return "XNNPACK slices with strides of 1 only, and without masks"
    rank = len(view.shape(op.inputs[0]))
    fits = all(view.shape(i) == (rank,) for i in op.inputs[1:4])
    return None if fits else "it slices some of the dimensions"


def split(view: GraphView, op: Op) -> str | None:
    """VisitSplitNode, line 6135."""
    same = op.options.get("numSplits", len(op.outputs)) == len(op.outputs)
    return None if same else "its number of parts is not that of its outputs"


def blocks(view: GraphView, op: Op) -> str | None:
    """VisitDepthToSpaceNode, line 4363, VisitSpaceToDepthNode, line 6082."""
    size = op.options.get("blockSize", 0)
    if size <= 1:
        return f"its block size is {size}"
    if op.name == "SPACE_TO_DEPTH" and any(n % size for n in view.shape(op.inputs[0])[1:3]):
        return f"its image has no whole blocks of {size}"
    return None
