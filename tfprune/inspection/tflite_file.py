"""Inspect a .tflite file by reading it: no TensorFlow, nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.counts.records import sum_known
from tfprune.inspection.records import Inspection, KernelRow, Totals
from tfprune.inspection.tflite_layers import layers_of
from tfprune.inspection.tflite_weights import KERNEL_INPUTS, Origins, dense_bytes, is_weight
from tfprune.notes import Note
from tfprune.tflite import read_tflite
from tfprune.tflite.composites import inlined
from tfprune.tflite.model import Op, Subgraph
from tfprune.tflite.tensor import Tensor


def inspect_tflite(path: Path, input_shape: Any = None) -> Inspection:
    """Inspect the file at `path`; its own shapes stand, whatever `input_shape` is."""
    model = read_tflite(path)
    rows, notes = [], []
    for graph in model.subgraphs:
        for op, tensor in _kernels(graph):
            if is_weight(tensor):
                rows.append(_row(op, tensor))
            else:
                notes.append(Note(tensor.name, f"not counted: {tensor.dtype} is no weight type"))
    layers, uncounted = layers_of(inlined(model))
    if input_shape is not None:
        notes.append(Note(str(path), "input_shape is not used: the file has shapes of its own"))
    totals = Totals(
        params=sum(t.size for t in model.all_tensors if t.is_constant and is_weight(t)),
        kernel_params=sum(r.params for r in rows),
        zeros=sum(r.zeros for r in rows),
        file_bytes=model.bytes,
        gzip_bytes=model.gzip_bytes,
        macs=sum_known(layer.macs for layer in layers),
        activations=sum_known(layer.activations for layer in layers),
        counted_macs=sum(layer.macs or 0 for layer in layers),
    )
    return Inspection(
        subject=str(path),
        kind="tflite",
        rows=tuple(rows),
        totals=totals,
        notes=(*notes, *uncounted),
        layers=layers,
    )


def _kernels(graph: Subgraph) -> Iterator[tuple[Op, Tensor]]:
    """Yield each stored kernel once, with the first op that multiplies with it."""
    seen: set[int] = set()
    origins = Origins(graph)
    for op in graph.ops:
        for place in KERNEL_INPUTS.get(op.name, ()):
            index = origins.of(op.inputs[place]) if place < len(op.inputs) else -1
            stored = index >= 0 and graph.tensors[index].is_constant
            if stored and index not in seen:
                seen.add(index)
                yield op, graph.tensors[index]


def _row(op: Op, tensor: Tensor) -> KernelRow:
    return KernelRow(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        zeros=tensor.zeros(),
        bytes=dense_bytes(tensor),
        stored_bytes=tensor.stored_bytes + index_bytes(tensor),
        sparse=tensor.sparse,
        quantized=tensor.quantized,
        op=op.name,
    )


def index_bytes(tensor: Tensor) -> int:
    """Return the bytes of the index arrays, each in the narrowest type that `schema.fbs` has."""
    if tensor.encoding is None:
        return 0
    arrays = [a for level in tensor.encoding.levels for a in (level.segments, level.indices)]
    return sum(_narrowest(array) * array.size for array in arrays if array.size)


def _narrowest(array: np.ndarray) -> int:
    highest = int(array.max())
    return 1 if highest < 2**8 else 2 if highest < 2**16 else 4
