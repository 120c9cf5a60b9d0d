"""Write .tflite files op by op: what no converter makes, but the format allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from numpy.typing import NDArray

from tfprune.tflite.reading import schema

SAME, VALID = 0, 1
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "STABLEHLO_COMPOSITE": "StableHLOCompositeOptions",
    **dict.fromkeys(("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"), "ReducerOptions"),
}


class Graph:
    """One graph that is being written; methods return the index of the tensor they add."""

    def __init__(self, forge: Forge) -> None:
        self.forge, self.table = forge, schema.SubGraphT()
        self.table.tensors, self.table.operators = [], []
        self.ends: tuple[Sequence[int], Sequence[int]] = (), ()  # its inputs and outputs

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "float32",
        data: Any = None,
        scales: Sequence[float] = (),
        zeros: Sequence[int] = (0,),
    ) -> int:
        """Add a tensor; with `data` it is a constant, with `scales` it is quantized."""
        table = schema.TensorT()
        table.name, table.shape = f"t{len(self.table.tensors)}", list(shape)
        table.type = getattr(schema.TensorType, dtype.upper())
        table.buffer = 0 if data is None else self.forge.buffer(np.asarray(data, dtype))
        if len(scales):
            table.quantization = schema.QuantizationParametersT()
            table.quantization.scale, table.quantization.zeroPoint = list(scales), list(zeros)
        self.table.tensors.append(table)
        return len(self.table.tensors) - 1

    def shape(self, index: int) -> tuple[int, ...]:
        """Return the shape of a tensor."""
        return tuple(self.table.tensors[index].shape)

    def dtype(self, index: int) -> int:
        """Return the type of a tensor, as a number of the schema."""
        return int(self.table.tensors[index].type)

    def sparse(self, values: NDArray[Any]) -> int:
        """Add a constant that is stored sparse along its last axis, and the op that unpacks it."""
        stored = self.tensor(values.shape, values.dtype.name, values[values != 0])
        rows = (values != 0).reshape(-1, values.shape[-1])
        table = schema.SparsityParametersT()
        table.traversalOrder, table.blockMap = list(range(values.ndim)), []
        table.dimMetadata = [_level(dense=n) for n in values.shape[:-1]]
        segments = np.concatenate([[0], np.cumsum(rows.sum(1))])
        table.dimMetadata.append(_level(segments=segments, indices=np.nonzero(rows)[1]))
        self.table.tensors[stored].sparsity = table
        return self.op("DENSIFY", [stored], values.shape, dtype=values.dtype.name)

    def half(self, values: NDArray[Any]) -> int:
        """Add a float16 constant and the op that makes float32 of it."""
        stored = self.tensor(values.shape, "float16", values)
        return self.op("DEQUANTIZE", [stored], values.shape)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int] | None = None,
        /,
        *,
        dtype: str = "float32",
        scales: Sequence[float] = (),
        zeros: Sequence[int] = (0,),
        version: int = 1,
        custom: bytes | None = None,
        **options: Any,
    ) -> int:
        """Add an op with one output, of the first input's shape unless another is given."""
        shape = self.shape(inputs[0]) if shape is None else shape
        output = self.tensor(shape, dtype, scales=scales, zeros=zeros)
        return self.add(name, inputs, [output], version=version, custom=custom, **options)

    def add(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        /,
        *,
        version: int = 1,
        custom: bytes | None = None,
        **options: Any,
    ) -> int:
        """Add an op that writes these tensors, and return the first of them, or -1."""
        table = schema.OperatorT()
        table.opcodeIndex = self.forge.code(name, version, custom is not None)
        table.inputs, table.outputs = list(inputs), list(outputs)
        if custom:
            table.customOptions = np.frombuffer(custom, np.uint8)
        if options:
            kind = _OPTIONS.get(name, "".join(map(str.capitalize, name.split("_"))) + "Options")
            table_of = getattr(schema, f"{kind}T")()
            vars(table_of).update(options)
            second = hasattr(schema.BuiltinOptions2, kind)
            place = "builtinOptions2" if second else "builtinOptions"
            enum = schema.BuiltinOptions2 if second else schema.BuiltinOptions
            setattr(table, place, table_of)
            setattr(table, f"{place}Type", getattr(enum, kind))
        self.table.operators.append(table)
        return outputs[0] if outputs else -1


class Forge:
    """One file that is being written; the first graph is its main one."""

    def __init__(self) -> None:
        self._buffers = [schema.BufferT()]
        self._codes: dict[tuple[str, int, bool], int] = {}
        self.graphs: list[Graph] = []
        self.main = self.graph()

    def graph(self) -> Graph:
        """Add a graph."""
        self.graphs.append(Graph(self))
        return self.graphs[-1]

    def buffer(self, values: NDArray[Any]) -> int:
        """Add the bytes of a constant."""
        table = schema.BufferT()
        table.data = np.frombuffer(values.tobytes(), np.uint8)
        self._buffers.append(table)
        return len(self._buffers) - 1

    def code(self, name: str, version: int, custom: bool) -> int:
        """Return the place of an op's code, adding it if it is new."""
        return self._codes.setdefault((name, version, custom), len(self._codes))

    def content(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        """Return the file.

        Args:
            inputs: The inputs of the main graph; those of others stand in their `ends`.
            outputs: Its outputs.
        """
        self.main.ends = inputs, outputs
        model = schema.ModelT()
        model.version, model.buffers = 3, self._buffers
        model.operatorCodes = [_code(*key) for key in self._codes]
        model.subgraphs = [graph.table for graph in self.graphs]
        for graph in self.graphs:
            graph.table.inputs, graph.table.outputs = map(list, graph.ends)
        signature = schema.SignatureDefT()
        signature.signatureKey = "serving_default"
        signature.inputs = [_named(f"x{n}", i) for n, i in enumerate(inputs)]
        signature.outputs = [_named(f"y{n:02}", i) for n, i in enumerate(outputs)]
        model.signatureDefs = [signature]
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def _code(name: str, version: int, custom: bool) -> Any:
    table = schema.OperatorCodeT()
    table.builtinCode = getattr(schema.BuiltinOperator, "CUSTOM" if custom else name)
    table.deprecatedBuiltinCode = min(table.builtinCode, 127)
    table.version, table.customCode = version, name if custom else None
    return table


def _named(name: str, index: int) -> Any:
    table = schema.TensorMapT()
    table.name, table.tensorIndex = name, index
    return table


def _level(
    dense: int = 0, segments: NDArray[Any] | None = None, indices: NDArray[Any] | None = None
) -> Any:
    table = schema.DimensionMetadataT()
    table.denseSize = dense
    if segments is not None and indices is not None:
        table.format = schema.DimensionType.SPARSE_CSR
        table.arraySegmentsType = table.arrayIndicesType = schema.SparseIndexVector.Uint16Vector
        table.arraySegments, table.arrayIndices = _vector(segments), _vector(indices)
    return table


def _vector(values: NDArray[Any]) -> Any:
    table = schema.Uint16VectorT()
    table.values = values.astype(np.uint16)
    return table
