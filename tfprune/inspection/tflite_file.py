"""Inspect a .tflite file by reading it: no TensorFlow, nothing is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfprune.export import read_tflite
from tfprune.export.tensor import Tensor
from tfprune.export.tflite_model import Op, Subgraph
from tfprune.inspection.records import Inspection, KernelRow, Totals
from tfprune.notes import Note

# Which inputs of an op are kernels if the file holds them, from the comments on each kernel's
# inputs in LiteRT's tflite/kernels/*.cc.
_KERNEL_INPUTS = {
    "CONV_2D": (1,),
    "DEPTHWISE_CONV_2D": (1,),
    "CONV_3D": (1,),
    "TRANSPOSE_CONV": (1,),
    "CONV_3D_TRANSPOSE": (1,),
    "FULLY_CONNECTED": (1,),
    "BATCH_MATMUL": (0, 1),
    "EMBEDDING_LOOKUP": (1,),
    "GATHER": (0,),
    "UNIDIRECTIONAL_SEQUENCE_RNN": (1, 2),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 9)),
}
# Ops that pass a stored weight on in another form.
_FORMS = ("DENSIFY", "DEQUANTIZE", "RESHAPE", "TRANSPOSE", "CAST")


def inspect_tflite(path: Path) -> Inspection:
    """Inspect the file at `path`."""
    model = read_tflite(path)
    rows, notes = [], []
    for graph in model.subgraphs:
        for op, tensor in _kernels(graph):
            if _is_weight(tensor):
                rows.append(_row(op, tensor))
            else:
                notes.append(Note(tensor.name, f"not counted: {tensor.dtype} is no weight type"))
    totals = Totals(
        sum(t.size for g in model.subgraphs for t in g.tensors if t.is_constant and _is_weight(t)),
        sum(r.params for r in rows),
        sum(r.zeros for r in rows),
        model.bytes,
        model.gzip_bytes,
    )
    return Inspection(str(path), "tflite", tuple(rows), totals, tuple(notes))


def _kernels(graph: Subgraph) -> Iterator[tuple[Op, Tensor]]:
    """Yield each stored kernel once, with the first op that multiplies with it."""
    producers = {output: op for op in graph.ops for output in op.outputs}
    seen: set[int] = set()
    for op in graph.ops:
        for place in _KERNEL_INPUTS.get(op.name, ()):
            index = op.inputs[place] if place < len(op.inputs) else -1
            while index in producers and producers[index].name in _FORMS:
                index = producers[index].inputs[0]
            stored = index >= 0 and graph.tensors[index].is_constant
            if stored and index not in seen:
                seen.add(index)
                yield op, graph.tensors[index]


def _is_weight(tensor: Tensor) -> bool:
    return tensor.quantized or tensor.dtype in ("float16", "float32", "float64", "bfloat16")


def _row(op: Op, tensor: Tensor) -> KernelRow:
    return KernelRow(
        tensor.name,
        tensor.shape,
        tensor.dtype,
        zeros=tensor.zeros(),
        bytes=math.ceil(tensor.size * _bits(tensor.dtype) / 8),
        stored_bytes=tensor.stored_bytes + index_bytes(tensor),
        sparse=tensor.sparse,
        quantized=tensor.quantized,
        op=op.name,
    )


def _bits(dtype: str) -> int:
    small = {"int2": 2, "int4": 4, "bfloat16": 16}
    return small.get(dtype) or np.dtype(dtype).itemsize * 8


def index_bytes(tensor: Tensor) -> int:
    """Return the bytes of the index arrays, each in the narrowest type that `schema.fbs` has."""
    if tensor.encoding is None:
        return 0
    arrays = [a for level in tensor.encoding.levels for a in (level.segments, level.indices)]
    return sum(_narrowest(array) * array.size for array in arrays if array.size)


def _narrowest(array: np.ndarray) -> int:
    highest = int(array.max())
    return 1 if highest < 2**8 else 2 if highest < 2**16 else 4
