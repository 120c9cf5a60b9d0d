"""Variables of a file: XNNPACK keeps those that it can read and write."""

from __future__ import annotations

from tfprune.diagnosis.attributes import one_scale
from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.op_tables import BYTE, FLOAT
from tfprune.tflite.model import Op

VARIABLES = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE")


def variables_left_out(view: GraphView) -> dict[int, str]:
    """Return why ops on variables are left to the builtin kernels, by their index.

    All that read or write a variable must agree on its type and shape, and its handle must come
    first; the handle itself goes where the first of them does.

    Source: LiteRT xnnpack_delegate.cc, ResourceInfo::AddProxyValue, line 506, and
    VisitAssignVariableNode, VisitReadVariableNode, VisitVarHandleNode, lines 3468, 5698, 7116 of
    LiteRT f674577.
    """
    left: dict[int, str] = {}
    handles: dict[int, Op] = {}
    values: dict[int, tuple[str, tuple[int, ...]]] = {}
    for op in view.ops:
        if op.name == "VAR_HANDLE":
            handles[op.outputs[0]] = op
        elif op.name in VARIABLES:
            value = view.tensors[op.outputs[0] if op.name == "READ_VARIABLE" else op.inputs[1]]
            kind = value.dtype, value.shape
            if value.dtype not in FLOAT | BYTE or one_scale(value):
                left[op.index] = f"XNNPACK has no {op.name} on {value.dtype}"
            elif op.name == "READ_VARIABLE" and not value.shape:
                left[op.index] = "its value has no dimensions"
            elif op.inputs[0] not in handles:
                left[op.index] = "the handle of its variable comes from elsewhere"
            elif values.setdefault(op.inputs[0], kind) != kind:
                left[op.index] = "its variable has another shape or type elsewhere"
    unread = [op for index, op in handles.items() if index not in values]
    return left | {op.index: "nothing that XNNPACK takes reads its variable" for op in unread}
