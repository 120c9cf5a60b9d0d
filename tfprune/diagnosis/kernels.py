"""Which kernels run each op, on each target."""

from __future__ import annotations

from tfprune.diagnosis.graph_view import GraphView
from tfprune.diagnosis.judging import sparse_ops
from tfprune.diagnosis.parts import Graph
from tfprune.diagnosis.records import OpKernels
from tfprune.runtimes import FP16_METADATA
from tfprune.tflite.model import Op, TFLiteModel

_SPARSE_CPUS = ("android-arm64", "android-arm64-nodot", "x86-noavx")
_FP16_CPUS = ("android-arm64",)  # those with dot product have float16 arithmetic too


def kernels_of(
    model: TFLiteModel, graphs: tuple[Graph, ...], targets: tuple[str, ...]
) -> tuple[OpKernels, ...]:
    """Return a row for each op of the file."""
    native = FP16_METADATA in model.content
    return tuple(
        _row(place, graph, op, targets, native)
        for place, (graph, read) in enumerate(zip(graphs, model.subgraphs, strict=True))
        for op in read.ops
    )


def _row(place: int, graph: Graph, op: Op, targets: tuple[str, ...], native: bool) -> OpKernels:
    sparse = {i for part in graph.parts for i in sparse_ops(part)}
    view = graph.view
    kernels = {target: _kernel(graph, op, target, native, sparse) for target in targets}
    name = view.tensor_label(op.outputs[0] if op.outputs else -1)
    return OpKernels(
        index=op.index,
        op=op.name,
        name=name,
        kernels=kernels,
        note=graph.left.get(op.index, ""),
        graph=place,
    )


def _kernel(graph: Graph, op: Op, target: str, native: bool, sparse: set[int]) -> str:
    if op.outputs and graph.view.unpacking.get(op.outputs[0]) is op:
        return "at load" if _at_load(graph, op) else "builtin"
    if op.index in graph.left:
        return "builtin"
    if op.index in sparse and target in _SPARSE_CPUS:
        return "sparse"
    if _is_int8(graph.view, op):
        return "int8"
    return "fp16" if native and target in _FP16_CPUS else "fp32"


def _at_load(graph: Graph, op: Op) -> bool:
    """Whether only XNNPACK reads what an op unpacks; otherwise it runs each time."""
    readers = [other for other in graph.view.ops if op.outputs[0] in other.inputs]
    return not any(reader.index in graph.left for reader in readers)


def _is_int8(view: GraphView, op: Op) -> bool:
    """Whether an op computes with 8-bit integers, its input perhaps quantized on the fly."""
    weighted = op.name in ("CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")
    relevant = [i for i in op.inputs[: 2 if weighted else None] if i >= 0]
    return any(view.tensors[i].dtype in ("int8", "uint8", "int4", "int2") for i in relevant)
