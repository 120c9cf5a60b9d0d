"""Files damaged where their structure is: an op code, an index, a shape, a type, a scale."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import flatbuffers
import numpy as np

from tfprune.tflite.reading import schema

_SIZES = (-1, 0, 1, 2, 3, 5, 127, 2**15, 2**20, 2**29, 2**31 - 1)
_FLOATS = (0.0, -1.0, 1e-38, 1e38, float("inf"), float("nan"))
_VALUES = (None, True, 0, -1, 2**70, 1e308, "", "\ud800", "\x1b[2J", [], {}, [[]], {"a": None})
Random = np.random.Generator


def mutate_tflite(content: bytes, random: Random) -> bytes:
    """Return a .tflite file, whole as a flatbuffer, with one to three of its facts changed."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for _ in range(random.integers(1, 4)):
        graph = model.subgraphs[random.integers(len(model.subgraphs))]
        change = _CHANGES[random.integers(len(_CHANGES))]
        change(model, graph, random)
    builder = flatbuffers.Builder(len(content))
    try:
        builder.Finish(model.Pack(builder), b"TFL3")
    except Exception:  # the format itself has no room for this change: another
        return mutate_tflite(content, random)
    return bytes(builder.Output())


def _one(values: Any, random: Random) -> Any:
    return values[int(random.integers(len(values)))]


def _op_code(model: Any, graph: Any, random: Random) -> None:
    code = _one(model.operatorCodes, random)
    code.builtinCode = int(random.integers(210))
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = int(_one((1, 1, 2, 9, 2**31 - 1), random))


def _indices(model: Any, graph: Any, random: Random) -> None:
    op = _one(graph.operators, random)
    name = _one(("inputs", "outputs"), random)
    there = list(getattr(op, name) if getattr(op, name) is not None else [])
    new = int(random.integers(-2, len(graph.tensors) + 1))
    kind = random.integers(3)
    if kind == 0 or not there:
        there.append(new)
    elif kind == 1:
        there[random.integers(len(there))] = new
    else:
        del there[random.integers(len(there))]
    setattr(op, name, there)


def _shape(model: Any, graph: Any, random: Random) -> None:
    tensor = _one(graph.tensors, random)
    shape = list(tensor.shape if tensor.shape is not None else [])
    kind = random.integers(4)
    if kind == 0 or not shape:
        shape += [int(_one(_SIZES, random))] * int(_one((1, 1, 2, 40), random))
    elif kind == 1:
        shape[random.integers(len(shape))] = int(_one(_SIZES, random))
    elif kind == 2:
        shape.pop()
    else:
        shape.reverse()
    tensor.shape = shape


def _type(model: Any, graph: Any, random: Random) -> None:
    _one(graph.tensors, random).type = int(random.integers(24))


def _scales(model: Any, graph: Any, random: Random) -> None:
    table = schema.QuantizationParametersT()
    counts = random.integers(0, 4, 2)
    table.scale = [float(_one((0.5, 0.1, *_FLOATS), random)) for _ in range(counts[0])]
    table.zeroPoint = [int(_one((0, 1, -128, 2**62), random)) for _ in range(counts[1])]
    table.quantizedDimension = int(_one((0, 1, -1, 3, 2**31 - 1), random))
    _one(graph.tensors, random).quantization = table


def _sparsity(model: Any, graph: Any, random: Random) -> None:
    tensor = _one(graph.tensors, random)
    table = tensor.sparsity
    if table is None:
        table = tensor.sparsity = schema.SparsityParametersT()
        rank = 0 if tensor.shape is None else len(tensor.shape)
        table.traversalOrder, table.blockMap = list(range(rank)), []
        table.dimMetadata = [_level(int(n), random) for n in ([] if rank == 0 else tensor.shape)]
    elif table.dimMetadata:
        table.dimMetadata[random.integers(len(table.dimMetadata))] = _level(2, random)
    if random.random() < 0.3:
        table.traversalOrder = random.integers(-1, 5, random.integers(6)).tolist()
    if random.random() < 0.3:
        table.blockMap = random.integers(-1, 5, random.integers(4)).tolist()


def _level(size: int, random: Random) -> Any:
    table = schema.DimensionMetadataT()
    table.denseSize = int(_one((size, size, *_SIZES), random))
    if random.random() < 0.5:
        table.format = schema.DimensionType.SPARSE_CSR
        table.arraySegmentsType = table.arrayIndicesType = schema.SparseIndexVector.Int32Vector
        table.arraySegments, table.arrayIndices = schema.Int32VectorT(), schema.Int32VectorT()
        table.arraySegments.values = np.sort(random.integers(0, 9, 4)).astype(np.int32)
        table.arrayIndices.values = random.integers(0, 4, 8).astype(np.int32)
    return table


def _buffer(model: Any, graph: Any, random: Random) -> None:
    if random.random() < 0.5:
        _one(graph.tensors, random).buffer = int(random.integers(len(model.buffers) + 1))
    else:
        buffer = _one(model.buffers, random)
        data = b"" if buffer.data is None else bytes(buffer.data)
        buffer.data = np.frombuffer(data[: random.integers(len(data) + 1)] + bytes(4), np.uint8)


def _options(model: Any, graph: Any, random: Random) -> None:
    op = _one(graph.operators, random)
    options = {} if op.builtinOptions is None else vars(op.builtinOptions)
    fields = [name for name, value in options.items() if type(value) is int]
    if fields:
        setattr(op.builtinOptions, _one(fields, random), int(_one((0, 1, 2, 3, 100), random)))
    else:
        op.builtinOptions, op.builtinOptionsType = None, 0


def _ends(model: Any, graph: Any, random: Random) -> None:
    name = _one(("inputs", "outputs"), random)
    count = int(random.integers(4))
    setattr(graph, name, random.integers(-1, len(graph.tensors) + 1, count).tolist())


def _name(model: Any, graph: Any, random: Random) -> None:
    _one(graph.tensors, random).name = _one(("", "\x1b[2J", "a;b;;/", "\ud7ff" * 999), random)


_CHANGES: tuple[Callable[[Any, Any, Random], None], ...] = (
    _op_code, _indices, _shape, _shape, _type, _scales, _sparsity, _sparsity, _buffer, _options,
    _ends, _name,
)  # fmt: skip


def mutate_json(value: Any, random: Random) -> Any:
    """Return a value of JSON with something in it replaced, left out or told twice."""
    if isinstance(value, (dict, list)) and value and random.random() < 0.85:
        copy: Any = dict(value) if isinstance(value, dict) else list(value)
        key = _one(list(copy) if isinstance(copy, dict) else range(len(copy)), random)
        if random.random() < 0.1:
            del copy[key]
        else:
            copy[key] = mutate_json(copy[key], random)
        return copy
    return _one(_VALUES, random)


def mutate_report(content: bytes, random: Random) -> bytes:
    """Return a report.json, valid as JSON, with one to three values changed."""
    value = json.loads(content)
    for _ in range(random.integers(1, 4)):
        value = mutate_json(value, random)
    return json.dumps(value).encode()


def mutate_keras(content: bytes, random: Random) -> bytes:
    """Return a .keras file, whole as a zip, with one member changed or gone."""
    members = _members(content)
    name = _one(("config.json", "config.json", "metadata.json", "model.weights.h5"), random)
    if random.random() < 0.1:
        del members[name]
    elif name.endswith(".json"):
        value = mutate_json(json.loads(members[name]), random)
        members[name] = json.dumps(value).encode()
    else:
        raw = bytearray(members[name])
        for place in random.integers(len(raw), size=8):
            raw[place] = random.integers(256)
        members[name] = bytes(raw[: random.integers(len(raw))]) if random.random() < 0.2 else raw
    return _zip(members)


def mutate_npz(content: bytes, random: Random) -> bytes:
    """Return an .npz file whose headers claim other shapes and types, or whose values break off."""
    members = _members(content)
    name = _one(list(members), random)
    file = io.BytesIO()
    shape = tuple(int(_one(_SIZES[1:], random)) for _ in range(random.integers(0, 4)))
    descr = _one(("<f4", "<i8", "|O", "<U9", "|V0", ">f8", "|b1", "|S0"), random)
    header = {"descr": descr, "fortran_order": bool(random.integers(2)), "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    values = bytes(int(random.integers(64)))
    members[name] = file.getvalue()[: random.integers(1, 200)] + values
    return _zip(members)


def _members(content: bytes) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(members: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(content))
    return file.getvalue()
