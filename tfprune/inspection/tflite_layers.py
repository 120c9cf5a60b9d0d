"""What each op of a .tflite graph costs, from the shapes in the file; nothing is run."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain

from tfprune.counts.records import LayerCount
from tfprune.inspection.tflite_weights import KERNEL_INPUTS, Origins, dense_bytes, is_weight
from tfprune.notes import Note
from tfprune.tflite.model import Op, Subgraph, TFLiteModel
from tfprune.tflite.tensor import Tensor

MacRule = Callable[[Op, list[Tensor | None], Tensor], int]

# Ops whose cost the graph does not show, or that there is no rule for; custom ops are too.
_UNCOUNTED = {
    "BIDIRECTIONAL_SEQUENCE_LSTM",
    "BIDIRECTIONAL_SEQUENCE_RNN",
    "CALL",
    "IF",
    "LSTM",
    "RFFT2D",
    "RNN",
    "STABLEHLO_COMPOSITE",
    "STABLEHLO_CONVOLUTION",
    "STABLEHLO_DOT_GENERAL",
    "SVDF",
    "WHILE",
}
_IN_BODY = "MACs not counted: how often the body of a loop or branch runs is not in the file"


def layers_of(model: TFLiteModel) -> tuple[tuple[LayerCount, ...], list[Note]]:
    """Return a row for each op of a file, and notes on what could not be counted.

    Multiply-accumulates are those of one run, whose batch is part of the file. How often the body
    of a loop runs is not, so that they are unknown there.
    """
    found = [_of_graph(graph, body=graph is not model.subgraphs[0]) for graph in model.subgraphs]
    rows, notes = zip(*found, strict=True)
    return tuple(chain.from_iterable(rows)), list(chain.from_iterable(notes))


def _of_graph(graph: Subgraph, body: bool) -> tuple[list[LayerCount], list[Note]]:
    origins = Origins(graph)
    seen: set[int] = set()
    rows, notes = [], []
    for op in graph.ops:
        weights = [origins.of(index) for index in op.inputs if index >= 0]
        fresh = [i for i in dict.fromkeys(weights) if i not in seen and _stored(graph.tensors[i])]
        seen.update(fresh)
        tensors = [graph.tensors[index] if index >= 0 else None for index in op.inputs]
        outputs = [graph.tensors[index] for index in op.outputs]
        in_body = _IN_BODY if body and op.name in _RULES else None
        reason = in_body or _unknown(op, [*tensors, *outputs])
        if reason is not None:
            notes.append(Note(outputs[0].name if outputs else op.name, reason))
        rows.append(_row(op, tensors, outputs, [graph.tensors[i] for i in fresh], reason is None))
    return rows, notes


def _row(
    op: Op,
    inputs: list[Tensor | None],
    outputs: list[Tensor],
    weights: list[Tensor],
    known: bool,
) -> LayerCount:
    closed = not any(tensor.dynamic for tensor in outputs)
    rule = _RULES.get(op.name)
    macs = rule(op, inputs, outputs[0]) if known and rule else 0
    return LayerCount(
        name=outputs[0].name if outputs else op.name,
        op=op.name,
        output_shape=outputs[0].shape if outputs else (),
        params=sum(tensor.size for tensor in weights),
        bytes=sum(dense_bytes(tensor) for tensor in weights),
        macs=macs if known else None,
        activations=sum(tensor.size for tensor in outputs) if closed else None,
        activation_bytes=sum(map(dense_bytes, outputs)) if closed else None,
    )


def _stored(tensor: Tensor) -> bool:
    return tensor.is_constant and is_weight(tensor)


def _unknown(op: Op, tensors: list[Tensor | None]) -> str | None:
    """Return why the multiply-accumulates of an op can't be known, or None if they can."""
    if op.custom or op.name in _UNCOUNTED:
        return f"MACs not counted: there is no rule for {op.name}"
    if op.name in _RULES and (len(op.inputs) < _operands(op.name) or not op.outputs):
        return f"MACs not counted: {op.name} lacks operands"
    if op.name in _RULES and any(tensor is not None and tensor.dynamic for tensor in tensors):
        return "MACs not counted: a size is open until run time; convert with a fixed input shape"
    return None


def _operands(name: str) -> int:
    return 3 if _RULES[name] is _at_inputs else 2


def _size(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.size


def _positions(tensor: Tensor | None) -> int:
    return 0 if tensor is None else math.prod(tensor.shape[:-1])


def _at_outputs(op: Op, inputs: list[Tensor | None], output: Tensor) -> int:
    return _positions(output) * _size(inputs[1])


def _at_inputs(op: Op, inputs: list[Tensor | None], output: Tensor) -> int:
    return _positions(inputs[2]) * _size(inputs[1])


def _fully_connected(op: Op, inputs: list[Tensor | None], output: Tensor) -> int:
    return _size(output) * (inputs[1].shape[-1] if inputs[1] and inputs[1].shape else 0)


def _batch_matmul(op: Op, inputs: list[Tensor | None], output: Tensor) -> int:
    first = inputs[0].shape if inputs[0] else ()
    return _size(output) * math.prod(first[-2:-1] if op.options.get("adjX") else first[-1:])


def _sequence(op: Op, inputs: list[Tensor | None], output: Tensor) -> int:
    kernels = [inputs[i] for i in (*KERNEL_INPUTS[op.name], 16) if 0 < i < len(inputs)]
    return _positions(inputs[0]) * sum(_size(t) for t in kernels if t and len(t.shape) == 2)


# The layout of each op's kernel stands in the comments of LiteRT's tflite/kernels/*.cc.
_RULES: dict[str, MacRule] = {
    "CONV_2D": _at_outputs,
    "CONV_3D": _at_outputs,
    "DEPTHWISE_CONV_2D": _at_outputs,
    "TRANSPOSE_CONV": _at_inputs,
    "CONV_3D_TRANSPOSE": _at_inputs,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _sequence,
}
