"""What is worth knowing about a file besides whether it is right: sizes, versions, slow ops."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.parts import Graph
from tfprune.diagnosis.records import Finding
from tfprune.diagnosis.versions import FIRST_RUNTIME, OLDEST
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.sparse_tensor import Indices
from tfprune.tflite.tensor import Tensor

_LAST_TFLITE_RUNTIME = (2, 14, 0)
_BITS = {"int2": 2, "int4": 4, "bfloat16": 16}
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "DENSIFY")


def remarks(model: TFLiteModel, graphs: tuple[Graph, ...]) -> Iterator[Finding]:
    """Return what slows a file down, makes it larger or keeps old runtimes from loading it."""
    yield from _storage(model)
    for graph in graphs:
        yield from (_builtin(graph, op) for op in graph.view.ops if op.index in graph.left)
        yield from _float_ops(graph.view)
    if any(part.told and part.rewrite.first for graph in graphs for part in graph.parts):
        yield Finding.of("ynnpack", "the sparse part", "runs dense there")
        yield Finding.of("sme2", "the sparse part", "runs on NEON there")
    needed = runtime_needed(model)
    if _numbers(needed) > _LAST_TFLITE_RUNTIME:
        yield Finding.of("runtime", "the file", f"needs TensorFlow Lite {needed}")


def runtime_needed(model: TFLiteModel) -> str:
    """Return the oldest TensorFlow Lite release that knows the versions of all ops.

    Example:
        >>> from tfprune.tflite import Op, Subgraph, TFLiteModel
        >>> op = Op(index=0, name="FULLY_CONNECTED", version=12, inputs=(), outputs=(), options={})
        >>> graph = Subgraph(name="", tensors=(), ops=(op,), inputs=(), outputs=())
        >>> runtime_needed(TFLiteModel(None, b"", (graph,)))
        '2.17.0'
    """
    needed = [_of_op(op) for graph in model.subgraphs for op in graph.ops]
    return max([OLDEST, *needed], key=_numbers)


def _of_op(op: Op) -> str:
    known = FIRST_RUNTIME.get(op.name, {})
    older = [version for version in known if version <= op.version]
    return known[max(older)] if older else OLDEST


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _storage(model: TFLiteModel) -> Iterator[Finding]:
    """Compare what sparse tensors take with what they would take stored densely."""
    sparse = [t for graph in model.subgraphs for t in graph.tensors if t.encoding is not None]
    stored, dense = sum(map(_stored, sparse)), sum(map(_dense, sparse))
    if sparse and stored >= dense:
        found = f"take {stored} bytes with their indices, stored dense {dense} bytes"
        yield Finding.of("storage", f"{len(sparse)} sparse tensors", found)


def _stored(tensor: Tensor) -> int:
    assert tensor.encoding is not None
    arrays = [a for level in tensor.encoding.levels for a in (level.segments, level.indices)]
    return tensor.stored_bytes + sum(map(_narrow, arrays))


def _narrow(array: Indices) -> int:
    """Return the bytes of an index array in the narrowest type that the format has for it."""
    largest = int(np.max(array, initial=0))
    return len(array) * (1 if largest < 2**8 else 2 if largest < 2**16 else 4)


def _dense(tensor: Tensor) -> int:
    bits = _BITS.get(tensor.dtype) or np.dtype(tensor.dtype).itemsize * 8
    return -(-tensor.size * bits // 8)


def _builtin(graph: Graph, op: Op) -> Finding:
    reason = graph.left[op.index]
    rule = "densify" if "without a DENSIFY" in reason else "builtin"
    return Finding.of(rule, graph.view.label(op), f"is left to a builtin kernel: {reason}")


def _float_ops(view: GraphView) -> Iterator[Finding]:
    """Name the float ops of a file whose activations are integers."""
    computed = {i for op in view.ops for i in op.outputs}
    if not any(
        view.tensors[i].dtype in ("int8", "int16") and view.tensors[i].quantized for i in computed
    ):
        return
    for op in view.ops:
        if op.name not in _CONVERSIONS and any(
            view.tensors[i].dtype == "float32" for i in op.outputs
        ):
            yield Finding.of("float in int8", view.label(op), "computes in float")
