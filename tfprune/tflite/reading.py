"""Read a .tflite file: tensors, values and ops, without TensorFlow and without running it."""

from __future__ import annotations

import importlib
import importlib.util
import os
import struct
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from tfprune import files
from tfprune.errors import FileError
from tfprune.tflite.limits import Limits
from tfprune.tflite.model import Op, Subgraph, TFLiteModel
from tfprune.tflite.sparse_tensor import Indices, Level, SparseEncoding
from tfprune.tflite.tensor import Tensor, check_storage

T = TypeVar("T")

# What the generated accessors raise when an offset in the file points nowhere sensible.
_CORRUPT = (
    struct.error,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
)


def _schema() -> Any:
    """Import the generated accessors of `schema.fbs`, which LiteRT and TensorFlow both ship."""
    light = importlib.util.find_spec("ai_edge_litert") is not None
    package = "ai_edge_litert" if light else "tensorflow.lite.python"
    return importlib.import_module(f"{package}.schema_py_generated")


schema = _schema()
_VERSION = 3  # the only one that a runtime reads


def _names(enum: Any) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


_OPS = _names(schema.BuiltinOperator)
_DTYPES = {value: name.lower() for value, name in _names(schema.TensorType).items()}


def read_tflite(path: str | os.PathLike[str] | bytes) -> TFLiteModel:
    """Read a .tflite file, or the bytes of one.

    Args:
        path: The file's path, or its content.

    Returns:
        Its tensors and ops. Nothing is executed, and TensorFlow is not imported.

    Raises:
        FileError: the file is missing, empty, truncated, corrupted, or no .tflite file.

    Example:
        >>> read_tflite(b"PK")
        Traceback (most recent call last):
        ...
        tfprune.errors.FileError: asked: read 2 bytes
        found: the file is too short to be a .tflite file (2 bytes)
        fix: convert the model again with tfprune.convert(model, 'model.tflite')

    The format is TensorFlow Lite's `schema.fbs`, version 3; no runtime reads another version.
    """
    content = bytes(path) if isinstance(path, bytes) else files.read_bytes(path)
    subject = f"{len(content)} bytes" if isinstance(path, bytes) else str(path)
    if len(content) < 8:
        raise _foreign(subject, f"too short to be a .tflite file ({len(content)} bytes)")
    if content[4:8] != b"TFL3":
        raise _foreign(subject, "no .tflite file: its identifier is not TFL3")
    try:
        reader = _Reader(content)
        if reader.model.Version() != _VERSION:
            raise ValueError(f"its schema version is {reader.model.Version()}, not {_VERSION}")
        subgraphs = reader.subgraphs()
        if not subgraphs or reader.model.BuffersIsNone():
            raise ValueError("it holds no " + ("buffers" if subgraphs else "graph"))
    except _CORRUPT as error:
        raise _foreign(subject, f"truncated or corrupted: {error}") from error
    return TFLiteModel(None if isinstance(path, bytes) else str(path), content, subgraphs)


def _foreign(subject: str, found: str) -> FileError:
    return FileError(
        f"read {subject}",
        f"the file is {found}",
        "convert the model again with tfprune.convert(model, 'model.tflite')",
    )


class _Reader:
    """Walks the flatbuffer once, eagerly, so that a broken offset shows now and not later."""

    def __init__(self, content: bytes) -> None:
        self.content, self.limits = content, Limits(len(content))
        self.model = schema.Model.GetRootAs(content, 0)
        self.buffers = self._list(self.model.BuffersLength(), self._buffer)
        self.codes = self._list(self.model.OperatorCodesLength(), self.model.OperatorCodes)

    def subgraphs(self) -> tuple[Subgraph, ...]:
        return self._list(
            self.model.SubgraphsLength(), lambda i: self._subgraph(i, self.model.Subgraphs(i))
        )

    def _list(self, length: int, read: Callable[[int], T]) -> tuple[T, ...]:
        self.limits.tables(length)
        return tuple(read(i) for i in range(length))

    def _buffer(self, i: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
        buffer = self.model.Buffers(i)
        if buffer.Offset() > 1:
            end = buffer.Offset() + buffer.Size()
            if end > len(self.content):
                raise ValueError(f"buffer {i} ends at byte {end} of {len(self.content)}")
            return np.frombuffer(self.content, np.uint8, buffer.Size(), buffer.Offset())
        if buffer.DataIsNone():
            return np.zeros(0, np.uint8)
        return np.asarray(buffer.DataAsNumpy())

    def _subgraph(self, number: int, graph: Any) -> Subgraph:
        tensors = self._list(graph.TensorsLength(), lambda i: self._tensor(i, graph.Tensors(i)))
        ops = self._list(
            graph.OperatorsLength(),
            lambda i: self._op(number, i, graph.Operators(i), len(tensors)),
        )
        return Subgraph(
            name=self._text(graph.Name()),
            tensors=tensors,
            ops=ops,
            inputs=self._indices(graph.InputsIsNone(), graph.InputsAsNumpy, 0, len(tensors)),
            outputs=self._indices(graph.OutputsIsNone(), graph.OutputsAsNumpy, 0, len(tensors)),
        )

    def _tensor(self, index: int, table: Any) -> Tensor:
        scales, zero_points, axis = self._quantization(table.Quantization())
        shape = () if table.ShapeIsNone() else self._ints(table.ShapeAsNumpy())
        tensor = Tensor(
            index=index,
            name=self._text(table.Name()),
            shape=shape,
            dtype=_DTYPES[table.Type()],
            scales=scales,
            zero_points=zero_points,
            axis=axis,
            # A runtime never looks into the first buffer: it stands for no data.
            data=self.buffers[table.Buffer()] if table.Buffer() else np.zeros(0, np.uint8),
            encoding=self._sparsity(table.Sparsity()),
            dynamic=not table.ShapeSignatureIsNone()
            and bool((table.ShapeSignatureAsNumpy() < 0).any()),
        )
        check_storage(tensor)
        self.limits.tensor(tensor)
        return tensor

    def _op(self, graph: int, index: int, table: Any, tensors: int) -> Op:
        code = self.codes[table.OpcodeIndex()]
        builtin = max(code.DeprecatedBuiltinCode(), code.BuiltinCode())
        custom = builtin == schema.BuiltinOperator.CUSTOM
        return Op(
            index=index,
            name=self._text(code.CustomCode()) if custom else _OPS[builtin],
            version=code.Version(),
            inputs=self._indices(table.InputsIsNone(), table.InputsAsNumpy, -1, tensors),
            outputs=self._indices(table.OutputsIsNone(), table.OutputsAsNumpy, 0, tensors),
            options=self._options(table),
            custom=custom,
            graph=graph,
            custom_options=self._custom(table),
        )

    def _custom(self, op: Any) -> bytes:
        if op.CustomOptionsIsNone():
            return b""
        self.limits.values(op.CustomOptionsLength())
        return bytes(op.CustomOptionsAsNumpy())

    def _options(self, op: Any) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for table, kind, create in (
            (op.BuiltinOptions(), op.BuiltinOptionsType(), schema.BuiltinOptionsCreator),
            (op.BuiltinOptions2(), op.BuiltinOptions2Type(), schema.BuiltinOptions2Creator),
        ):
            found = None if table is None else create(kind, table)
            options |= {} if found is None else vars(found)
        for value in options.values():
            if isinstance(value, (list, bytes, np.ndarray)):
                self.limits.values(len(value))
        return options

    def _quantization(self, table: Any) -> tuple[tuple[float, ...], tuple[int, ...], int]:
        if table is None or table.ScaleIsNone():
            return (), (), 0
        zeros = () if table.ZeroPointIsNone() else self._ints(table.ZeroPointAsNumpy())
        self.limits.values(table.ScaleLength())
        scales = tuple(float(s) for s in table.ScaleAsNumpy())
        return scales, zeros, int(table.QuantizedDimension())

    def _sparsity(self, table: Any) -> SparseEncoding | None:
        if table is None:
            return None
        self.limits.tables(table.DimMetadataLength())
        sparsity = schema.SparsityParametersT.InitFromObj(table)
        levels = tuple(
            Level(
                None if level.format == schema.DimensionType.SPARSE_CSR else int(level.denseSize),
                self._vector(level.arraySegments),
                self._vector(level.arrayIndices),
            )
            for level in sparsity.dimMetadata or ()
        )
        order, block_map = self._ints(sparsity.traversalOrder), self._ints(sparsity.blockMap)
        return SparseEncoding(order, block_map, levels)

    def _indices(
        self, missing: bool, read: Callable[[], Indices], lowest: int, tensors: int
    ) -> tuple[int, ...]:
        values = () if missing else self._ints(read())
        if any(not lowest <= value < tensors for value in values):
            raise ValueError(f"a tensor index outside 0 to {tensors - 1}")
        return values

    def _ints(self, values: Any) -> tuple[int, ...]:
        if values is None:
            return ()
        self.limits.values(len(values))
        return tuple(int(v) for v in values)

    def _vector(self, table: Any) -> Indices:
        if table is None or table.values is None:
            return np.zeros(0, np.int64)
        self.limits.values(len(table.values))
        return np.asarray(table.values, np.int64)

    def _text(self, raw: bytes | None) -> str:
        if raw is None:
            return ""
        self.limits.values(len(raw))
        return raw.decode("utf-8", "replace")
