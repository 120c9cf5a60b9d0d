"""Reading .tflite files: what is in them, and what happens when they are broken."""

import subprocess
import sys

import flatbuffers
import numpy as np
import pytest

from proofs.drawing import DRAWS
from proofs.forge import Forge
from tfprune.errors import FileError, PruneError
from tfprune.tflite import read_tflite
from tfprune.tflite.composites import inlined
from tfprune.tflite.reading import schema
from tfprune.tflite.sparse_tensor import Level, SparseEncoding
from tfprune.tflite.tensor import Tensor, check_storage


def last_kernel(model):
    """The 1x1 convolution conv_pw_2, 32 to 64 channels."""
    return next(t for t in model.tensors if t.is_constant and t.shape == (64, 1, 1, 32))


def test_the_ops_of_a_mobilenet_are_listed_in_order(converted):
    model = read_tflite(converted(sparse=False).path)
    assert [op.name for op in model.ops[:4]] == ["PAD", "CONV_2D", "DEPTHWISE_CONV_2D", "CONV_2D"]
    stem = model.ops[1]
    assert (stem.options["strideH"], stem.options["padding"], stem.version) == (2, 1, 1)
    assert [model.tensors[i].shape for i in stem.inputs] == [(1, 34, 34, 3), (8, 3, 3, 3), (8,)]
    assert model.tensors[model.inputs[0]].shape == (1, 32, 32, 3)
    assert model.tensors[model.outputs[0]].shape == (1, 10)


def test_sizes_are_those_of_the_file(converted):
    result = converted(sparse=False)
    model = read_tflite(result.path)
    with open(result.path, "rb") as file:
        assert model.bytes == len(file.read()) == result.bytes
    assert model.gzip_bytes < model.bytes
    assert last_kernel(model).stored_bytes == 64 * 32 * 4


def test_sparse_and_dense_files_hold_the_same_kernel(converted):
    dense, sparse = (read_tflite(converted(sparse=way).path) for way in (False, True))
    stored = last_kernel(sparse)
    assert stored.sparse and not last_kernel(dense).sparse
    assert stored.stored_bytes < last_kernel(dense).stored_bytes / 4
    assert np.array_equal(stored.values(), last_kernel(dense).values())


@pytest.mark.parametrize(
    ("quantize", "dtype"), [("float16", "float16"), ("int8", "int8"), ("int16x8", "int8")]
)
def test_a_kernel_has_the_dtype_of_its_quantization(converted, quantize, dtype):
    kernel = last_kernel(read_tflite(converted(quantize).path))
    assert kernel.dtype == dtype
    assert kernel.values().dtype == dtype
    assert kernel.quantized == (dtype == "int8")
    assert len(kernel.scales) in (0, 64)


def test_int4_values_are_unpacked_low_bits_first():
    packed = np.array([0x21, 0xF8], np.uint8)
    tensor = Tensor(index=0, name="w", shape=(3,), dtype="int4", data=packed)
    assert tensor.values().tolist() == [1, 2, -8]


def test_bfloat16_values_become_float32():
    tensor = Tensor(
        index=0,
        name="w",
        shape=(2,),
        dtype="bfloat16",
        data=np.array([0x80, 0x3F, 0, 0xC0], np.uint8),
    )
    assert tensor.values().tolist() == [1.0, -2.0]


def test_a_quantized_zero_is_its_zero_point():
    data = np.array([3, 0, 3, 1], np.int8).view(np.uint8)
    assert (
        Tensor(
            index=0, name="w", shape=(4,), dtype="int8", scales=(0.5,), zero_points=(3,), data=data
        ).zeros()
        == 2
    )


def test_a_sparse_tensor_without_stored_values_is_all_zero():
    none = np.zeros(0, np.int64)
    columns = Level(None, np.array([0, 0, 0]), none)
    encoding = SparseEncoding((0, 1), (), (Level(2, none, none), columns))
    tensor = Tensor(index=0, name="pruned away", shape=(2, 3), dtype="float32", encoding=encoding)
    assert tensor.is_constant and tensor.zeros() == 6


def test_a_sparse_tensor_that_stores_half_a_value_is_refused():
    tensor = Tensor(
        index=0,
        name="cut",
        shape=(2, 3),
        dtype="float32",
        data=np.zeros(6, np.uint8),
        encoding=SparseEncoding((), (), ()),
    )
    with pytest.raises(ValueError, match="stores 6 of 24 bytes"):
        check_storage(tensor)


def test_a_tensor_computed_at_run_time_has_no_values(converted):
    model = read_tflite(converted(sparse=False).path)
    with pytest.raises(PruneError, match="computed when the model runs"):
        model.tensors[model.inputs[0]].values()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", r"too short to be a .tflite file \(0 bytes\)"),
        (b"PK\x03\x04 a zip file", "its identifier is not TFL3"),
        (b"\x10\x00\x00\x00TFL3", "truncated or corrupted"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path, content, found):
    path = tmp_path / "x.tflite"
    path.write_bytes(content)
    with pytest.raises(FileError, match=found):
        read_tflite(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"none\.tflite"):
        read_tflite(tmp_path / "none.tflite")


def read_everything(content):
    for graph in read_tflite(content).subgraphs:
        for tensor in graph.tensors:
            if tensor.is_constant and tensor.dtype != "string":
                tensor.zeros()


@pytest.mark.parametrize("way", [False, True], ids=["dense", "sparse"])
def test_a_damaged_file_is_read_or_refused_but_never_crashes(converted, way):
    content = read_tflite(converted(sparse=way).path).content
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        damaged = bytearray(content)
        if random.random() < 0.3:
            del damaged[random.integers(len(content)) :]
        for place in random.integers(len(damaged) or 1, size=random.integers(9)):
            damaged[place : place + 1] = random.bytes(1)
        try:
            read_everything(bytes(damaged))
        except FileError:
            refused += 1
    assert refused > 20


def test_reading_needs_no_tensorflow(converted):
    code = (
        "import sys; from tfprune.diagnosis import diagnose\n"
        "from tfprune.tflite import read_tflite\n"
        f"diagnose(read_tflite({converted(sparse=False).path!r}))\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_where_only_tflite_runtime_is_installed_tensorflow_brings_the_schema(converted):
    code = (
        "import importlib.util as util; find = util.find_spec\n"
        "util.find_spec = lambda name: None if name == 'ai_edge_litert' else find(name)\n"
        "from tfprune.tflite import read_tflite\n"
        f"print(len(read_tflite({str(converted().path)!r}).ops))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert int(output) == len(read_tflite(converted().path).ops)


def leaky():
    """Return a file of one op as the tables of its schema."""
    forge = Forge()
    x = forge.main.tensor((1, 4))
    content = forge.content([x], [forge.main.op("LEAKY_RELU", [x], alpha=0.5)])
    return schema.ModelT.InitFromPackedBuf(content, 0)


def packed(model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"version": 2}, "its schema version is 2, not 3"),
        ({"buffers": None}, "it holds no buffers"),
    ],
)
def test_what_every_runtime_refuses_is_refused(change, found):
    model = leaky()
    vars(model).update(change)
    with pytest.raises(FileError, match=found):
        read_tflite(packed(model))


def test_no_runtime_needs_the_first_buffer():
    model = leaky()
    model.buffers = []
    [op] = read_tflite(packed(model)).ops
    assert (op.name, op.options) == ("LEAKY_RELU", {"alpha": 0.5})


def composite():
    """Return a file whose composite stands for tanh, between two functions."""
    forge = Forge()
    x = forge.main.tensor((1, 4, 4, 8))
    y = forge.main.op("ABS", [DRAWS["composite"](forge.main, forge.main.op("NEG", [x]), None)])
    return read_tflite(forge.content([x], [y]))


def test_the_ops_of_a_composite_take_its_place():
    model = composite()
    assert [op.name for op in model.ops] == ["NEG", "STABLEHLO_COMPOSITE", "ABS"]
    flat = inlined(model)
    assert [(op.index, op.name) for op in flat.ops] == [(0, "NEG"), (1, "TANH"), (2, "ABS")]
    assert [op.inputs[0] for op in flat.ops[1:]] == [op.outputs[0] for op in flat.ops[:2]]
    assert inlined(model, frozenset({"mine.tanh"})).ops == model.ops
