"""Small files drawn at random that claim much: shapes, encodings, constants, layers, numbers."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
from hypothesis import strategies as st

from tests.tflite.hostile import KINDS, file, level, sparsity, tensor
from tfprune.tflite.reading import schema

SIZES = st.sampled_from([0, 1, 2, 4, 1000, 2**16, 2**20, 2**29, 2**31 - 1])
SHAPES = st.lists(SIZES, max_size=5)
CODES = [
    getattr(schema.BuiltinOperator, name)
    for name in (
        *("RELU", "FILL", "TILE", "RESHAPE", "BROADCAST_TO", "ONE_HOT", "RANGE", "PAD", "ADD"),
        *("TRANSPOSE", "CONCATENATION", "RESIZE_BILINEAR", "CONV_2D", "FULLY_CONNECTED"),
        *("GATHER", "EXPAND_DIMS", "BATCH_MATMUL", "DENSIFY"),
    )
]


@st.composite
def tflites(draw):
    """An input, a constant that may be sparse, a constant of sizes, and one op on some of them."""
    shape = draw(SHAPES)
    levels = [level(draw(SIZES), draw(st.sampled_from([None, [0, 0], [0, 1]]))) for _ in shape]
    few = draw(st.sampled_from([None, sparsity(*levels)]))
    sizes = np.array(draw(st.lists(SIZES, min_size=1, max_size=4)), np.int32)
    kind = draw(st.sampled_from([KINDS.FLOAT32, KINDS.INT8, KINDS.INT32, KINDS.FLOAT16]))
    tensors = [
        tensor(draw(SHAPES), draw(st.sampled_from([KINDS.FLOAT32, KINDS.INT32]))),
        tensor(shape, kind, buffer=1, sparse=few),
        tensor([len(sizes)], KINDS.INT32, buffer=2),
        tensor([], KINDS.FLOAT32, buffer=1),
        tensor(draw(SHAPES)),
    ]
    read = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    ops = [(draw(st.sampled_from(CODES)), read, [4])]
    return file(tensors, ops, [0], [4], (bytes(draw(st.sampled_from([4, 64]))), sizes.tobytes()))


@st.composite
def keras_files(draw):
    """A .keras file whose layers are larger than what is stored, or whose member unzips to much."""
    size = draw(SIZES)
    name, key = draw(
        st.sampled_from(
            [("Dense", "units"), ("RepeatVector", "n"), ("Embedding", "input_dim"), ("Flatten", "")]
        )
    )
    config = {"name": "big", **({key: size} if key else {})}
    config |= {"output_dim": draw(SIZES)} if name == "Embedding" else {}
    rows = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, draw(SIZES)], "name": "in"}},
        {"class_name": name, "config": config},
    ]
    for row in rows:
        row |= {"module": "keras.layers", "registered_name": None}
    model = {"class_name": "Sequential", "module": "keras", "registered_name": None}
    model |= {"config": {"name": "model", "layers": rows}}
    members = {"config.json": json.dumps(model), "metadata.json": '{"keras_version": "3.0.0"}'}
    members["model.weights.h5"] = b"\x89HDF\r\n\x1a\n" + bytes(draw(st.sampled_from([0, 2**29])))
    return zipped(members)


def zipped(members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


@st.composite
def reports(draw):
    """A report.json with numbers that nobody measured, or a list within lists."""
    deep = draw(st.sampled_from([1, 1000, 100_000]))
    huge = draw(st.sampled_from(["1e308", "9" * 5000, "-1", "[" * deep + "]" * deep, "null"]))
    row = f'{{"name": "a", "path": "a.tflite", "bytes": {huge}, "gzip_bytes": {huge}}}'
    return f'{{"name": "run", "created": "now", "models": [{row}], "kernels": {huge}}}'.encode()
