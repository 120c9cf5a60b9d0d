"""Which ops of a graph XNNPACK takes, and into which parts that cuts the graph.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc: `Subgraph::VisitNode` and the
`Visit...Node` functions it calls decide op by op; tflite/graph_info.cc cuts.
"""

from __future__ import annotations

from collections.abc import Collection

from tfprune.diagnosis.attributes import CHECKS, one_scale
from tfprune.diagnosis.custom_ops import attributes, called
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE, CUSTOM, MOST_DIMENSIONS, TAKEN, Takes
from tfprune.diagnosis.variables import VARIABLES, variables_left_out
from tfprune.diagnosis.weights import weights
from tfprune.tflite.composites import COMPOSITE
from tfprune.tflite.model import Op


def ops_left_out(view: GraphView) -> dict[int, str]:
    """Return why XNNPACK leaves an op to the builtin kernels, by its index; not what it takes."""
    reasons = {op.index: left_out(view, op) for op in view.ops if op.name not in VARIABLES}
    left = {index: reason for index, reason in reasons.items() if reason}
    return left | variables_left_out(view)


def unpacked_each_time(view: GraphView, left: Collection[int]) -> set[int]:
    """Return the indices of the ops that unpack a constant for a builtin kernel, in each run.

    Source: LiteRT xnnpack_delegate.cc, Delegate::PrepareOpsToDelegate, line 7420.
    """
    readers = {i for op in view.ops if op.index in left for i in op.inputs}
    return {op.index for output, op in view.unpacking.items() if output in readers}


def left_out(view: GraphView, op: Op) -> str | None:
    """Return why XNNPACK leaves one op to the builtin kernels, None if it takes it."""
    named = op.custom or op.name == COMPOSITE
    takes = CUSTOM.get(called(op)) if named else TAKEN.get(op.name)
    if takes is None:
        if op.name == COMPOSITE:
            return "it stands for a graph of the file, which runs in its place"
        return "it is a custom op" if op.custom else "XNNPACK has no such op"
    for reason in (_number(op, takes), _types(view, op, takes), _constants(view, op, takes)):
        if reason:
            return reason
    if reason := _ranks(view, op, takes) or weights(view, op):
        return reason
    if named:
        return attributes(view, op)
    return next((r for check in CHECKS.get(op.name, ()) if (r := check(view, op))), None)


def partitions(view: GraphView, left: Collection[int]) -> list[tuple[Op, ...]]:
    """Return the parts of the graph that XNNPACK gets, each a list of ops in order.

    As many ops as possible go into one part: all that need nothing but what earlier parts and
    this one compute. Ops that may have side effects keep their order. Ops that unpack constants
    are in no part, but the first of all ops says who begins.

    Args:
        view: The graph.
        left: The indices of the ops that XNNPACK leaves.

    Source: LiteRT tflite/graph_info.cc, PartitionGraphIntoIndependentNodeSubsets.
    """
    known = {i for i in range(len(view.tensors)) if i not in view.writers}
    before, rest, parts = _chain(view), list(view.every), []
    waiting, done = {op.index for op in rest}, False
    while rest and not done:
        part: list[Op] = []
        kind = None
        for op in rest:
            ready = all(i < 0 or i in known for i in op.inputs)
            ready = ready and before.get(op.index) not in waiting
            taken = op.index not in left
            kind = taken if kind is None and ready else kind
            if ready and taken == kind:
                part.append(op)
                waiting.discard(op.index)
                known |= set(op.outputs)
        done = not part  # a damaged graph: an op that needs its own result
        rest = [op for op in rest if op.index in waiting]
        if kind and (ops := tuple(op for op in part if not view.unpacks(op))):
            parts.append(ops)
    return parts


def _chain(view: GraphView) -> dict[int, int]:
    """Return the op with side effects that must come right before another one, by their indices."""
    stateful = [
        op.index
        for op in view.every
        if op.name in ("IF", "WHILE", "CALL_ONCE")
        or any(view.tensors[i].dtype == "resource" for i in (*op.inputs, *op.outputs) if i >= 0)
    ]
    return dict(zip(stateful[1:], stateful, strict=False))


def _number(op: Op, takes: Takes) -> str | None:
    if takes.inputs[0] <= len(op.inputs) <= takes.inputs[1]:
        if takes.outputs[0] <= len(op.outputs) <= takes.outputs[1]:
            return None
        least, most = takes.outputs
        return f"XNNPACK splits into {least} to {most} tensors, not {len(op.outputs)}"
    if op.name in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        return "it has no bias"
    wanted = " to ".join(map(str, dict.fromkeys(takes.inputs)))
    return f"XNNPACK takes {wanted} inputs, not {len(op.inputs)}"


def _types(view: GraphView, op: Op, takes: Takes) -> str | None:
    slope = op.inputs[1:2] if op.name == "PRELU" else ()  # a constant, but its type counts
    read = [view.tensors[i] for i in (*takes.data(op.inputs), *slope)]
    written = [] if op.name == "TRANSPOSE" else [view.tensors[i] for i in op.outputs]
    wrong = any(t.dtype not in takes.reads for t in read)
    wrong |= any(t.dtype not in takes.writes for t in written)
    if wrong or (takes.alike and len({t.dtype for t in (*read, *written)}) > 1):
        found = ", ".join(sorted({t.dtype for t in (*read, *written)}))
        return f"XNNPACK has no {op.name} on {found}"
    second = op.inputs[1] if op.name == "BATCH_MATMUL" else -1
    data = [t for t in (*read, *written) if t.dtype in BYTE and t.index != second]
    return next((reason for t in data if (reason := one_scale(t))), None)


def _constants(view: GraphView, op: Op, takes: Takes) -> str | None:
    """CheckTensorStaticAllocation, line 3012: parameters and weights lie in the file."""
    for place, kinds in takes.parameters.items():
        index = op.inputs[place] if place < len(op.inputs) else -1
        if index < 0:
            continue
        if not view.tensors[index].is_constant:
            return "its weights or parameters are computed when the model runs"
        if view.tensors[index].dtype not in kinds:
            return f"its parameters are {view.tensors[index].dtype}"
    given = [op.inputs[place] for place in takes.weights if place < len(op.inputs)]
    if any(i >= 0 and view.constant(i) is None for i in given):
        return "its weights or parameters are computed when the model runs"
    return None


def _ranks(view: GraphView, op: Op, takes: Takes) -> str | None:
    """CheckTensorShape, line 2834: so many dimensions, none of them empty."""
    least, most = takes.ranks
    shapes = [view.shape(i) for i in takes.data(op.inputs)]
    if any(len(shape) > max(most, MOST_DIMENSIONS) for shape in shapes):
        return f"it has more than {MOST_DIMENSIONS} dimensions"
    if any(not least <= len(shape) <= most for shape in shapes):
        return f"its data have {len(shapes[0])} dimensions"
    return "its data are empty" if any(0 in shape for shape in shapes) else None
