"""Ops of an integer file that the converter keeps float though they have an int8 kernel."""

from __future__ import annotations

from typing import Any

import flatbuffers

from tfprune.tflite.model import Op, Subgraph
from tfprune.tflite.reading import read_tflite, schema

# For each of the 256 values they hold what DEQUANTIZE, the float op and QUANTIZE make of it:
# tensorflow/lite/kernels/activations.cc, EluPrepare.
_HAVE_A_KERNEL = ("ELU",)


def without_islands(content: bytes) -> bytes:
    """Return an integer file in which float ops that have an int8 kernel use it.

    Only an op between a DEQUANTIZE and a QUANTIZE of int8 is changed. A file without such an op is
    returned as it is.

    Args:
        content: A .tflite file.
    """
    main = read_tflite(content).subgraphs[0]
    found = [way for op in main.ops if (way := _way_around(op, main)) is not None]
    if not found:
        return content
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    for before, op, after in found:
        graph.operators[op].inputs = graph.operators[before].inputs
        graph.operators[op].outputs = graph.operators[after].outputs
    read = {int(index) for op in graph.operators for index in op.inputs} | set(main.outputs)
    gone = {after for _, _, after in found}
    gone |= {before for before, _, _ in found if main.ops[before].outputs[0] not in read}
    graph.operators = [op for i, op in enumerate(graph.operators) if i not in gone]
    builder = flatbuffers.Builder(len(content) + 1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _way_around(op: Op, graph: Subgraph) -> tuple[int, int, int] | None:
    """Return DEQUANTIZE, a float op that need not be float, and QUANTIZE; None for other ops."""
    if op.name not in _HAVE_A_KERNEL:
        return None
    before = [other for other in graph.ops if op.inputs[0] in other.outputs]
    after = [other for other in graph.ops if op.outputs[0] in other.inputs]
    if [other.name for other in (*before, *after)] != ["DEQUANTIZE", "QUANTIZE"]:
        return None
    ends: tuple[Any, Any] = graph.tensors[before[0].inputs[0]], graph.tensors[after[0].outputs[0]]
    int8 = all(tensor.dtype == "int8" for tensor in ends)
    if not int8 or op.outputs[0] in graph.outputs:
        return None
    return before[0].index, op.index, after[0].index
