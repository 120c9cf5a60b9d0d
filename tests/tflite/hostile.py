"""Small files that claim much: a careless reader would believe each of them."""

from __future__ import annotations

import flatbuffers
import numpy as np

from tfprune.tflite.reading import schema

KINDS = schema.TensorType


def level(dense=0, segments=None, indices=()):
    table = schema.DimensionMetadataT()
    table.denseSize = dense
    if segments is not None:
        table.format = schema.DimensionType.SPARSE_CSR
        table.arraySegmentsType = table.arrayIndicesType = schema.SparseIndexVector.Int32Vector
        table.arraySegments, table.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
        table.arraySegments.values = list(segments)
        table.arrayIndices.values = list(indices)
    return table


def sparsity(*levels):
    table = schema.SparsityParametersT()
    table.traversalOrder, table.blockMap = list(range(len(levels))), []
    table.dimMetadata = list(levels)
    return table


def tensor(shape, kind=KINDS.FLOAT32, name="t", buffer=0, scales=(), zeros=None, sparse=None):
    table = schema.TensorT()
    table.name, table.shape, table.type = name, list(shape), kind
    table.buffer, table.sparsity = buffer, sparse
    if scales:
        table.quantization = schema.QuantizationParametersT()
        table.quantization.scale = list(scales)
        table.quantization.zeroPoint = [0] * len(scales) if zeros is None else list(zeros)
    return table


def file(tensors, ops=(), inputs=(0,), outputs=(0,), data=()):
    """The bytes of a file with these tensors; buffer 1 and on hold `data`."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.subgraphs, model.buffers = 3, [graph], [schema.BufferT()]
    for content in data:
        model.buffers.append(schema.BufferT())
        model.buffers[-1].data = np.frombuffer(content, np.uint8)
    model.operatorCodes = []
    graph.tensors, graph.operators = list(tensors), []
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    for code, came, left in ops:
        model.operatorCodes.append(schema.OperatorCodeT())
        model.operatorCodes[-1].builtinCode = code
        model.operatorCodes[-1].deprecatedBuiltinCode = min(code, 127)
        model.operatorCodes[-1].version = 1
        op = schema.OperatorT()
        op.opcodeIndex, op.inputs, op.outputs = len(graph.operators), list(came), list(left)
        graph.operators.append(op)
    return pack(model)


def pack(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def overlapping(entries, name="t"):
    """A file whose list of tensors names one and the same `entries` times."""
    builder = flatbuffers.Builder(1024)
    one = tensor([1], name=name).Pack(builder)
    schema.SubGraphStartTensorsVector(builder, entries)
    for _ in range(entries):
        builder.PrependUOffsetTRelative(one)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    schema.ModelStartSubgraphsVector(builder, 1)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    buffer = schema.BufferT().Pack(builder)
    schema.ModelStartBuffersVector(builder, 1)
    builder.PrependUOffsetTRelative(buffer)
    buffers = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddBuffers(builder, buffers)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())


HUGE = 2**29
RELU, FILL = schema.BuiltinOperator.RELU, schema.BuiltinOperator.FILL


def files():
    """Name → content, none above a megabyte."""
    many = sparsity(level(HUGE), level(segments=[0, 0]))
    few = sparsity(level(1), level(segments=[0, 0]))
    huge_input = file([tensor([HUGE, 4]), tensor([HUGE, 4])], [(RELU, [0], [1])], outputs=[1])
    sizes = np.array([HUGE, 4], np.int32).tobytes()
    fill = [tensor([2], KINDS.INT32, buffer=1), tensor([], buffer=2), tensor([HUGE, 4])]
    return {
        "a sparse weight of 2^29 rows": file([tensor([HUGE, 4], sparse=many)]),
        "a sparse weight of 2^29 columns": file([tensor([1, HUGE], sparse=few)]),
        "an input of 8 GB": huge_input,
        "a FILL of 8 GB": file(fill, [(FILL, [0, 1], [2])], [], [2], (sizes, bytes(4))),
        "a shape of 200 sizes": file([tensor([1] * 200)]),
        "a shape of no values": file([tensor([0, 2**30]), tensor([0])], [(RELU, [0], [1])]),
        "more zero points than scales": file([tensor([2], scales=[0.5], zeros=[1, 2])]),
        "100,000 tensors on one place": overlapping(100_000),
        "a long name told 100 times": overlapping(100, "n" * 500_000),
    }
