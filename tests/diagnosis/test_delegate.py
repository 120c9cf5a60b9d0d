"""What the doctor knows of XNNPACK's delegate, held against the delegate of this machine.

It decides alike on every CPU, so that an emulator is not needed.
"""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from proofs.drawing import DRAWS
from proofs.forge import VALID, Forge
from tfprune.diagnosis import diagnose
from tfprune.diagnosis.parts import graphs_of
from tfprune.tflite import read_tflite


def handed_over(content):
    """Return what each part of XNNPACK writes for others, by LiteRT; None if it does not load."""
    try:
        interpreter = Interpreter(model_content=content, num_threads=1)
        interpreter.allocate_tensors()
    except RuntimeError:
        return None
    ops = interpreter._get_ops_details()
    written = [frozenset(map(int, op["outputs"])) for op in ops if op["op_name"] == "DELEGATE"]
    return {part - constants(content) for part in written} - {frozenset()}


def expected(content):
    """Return the same by the rules."""
    model = read_tflite(content)
    [graph] = graphs_of(model)[:1]
    found = set()
    for part in graph.parts:
        inside = {op.index for op in part.ops}
        others = {i for op in model.ops if op.index not in inside for i in op.inputs}
        others |= set(model.outputs)
        found.add(frozenset(i for op in part.ops for i in op.outputs if i in others))
    return found - {frozenset()}


def constants(content):
    return set(graphs_of(read_tflite(content))[0].view.unpacking)


@pytest.mark.parametrize("kind", [kind for kind in DRAWS if kind != "1x1 without bias"])
def test_ops_drawn_at_random_go_where_the_delegate_takes_them(kind):
    for seed in range(8):
        forge = Forge()
        x = forge.main.tensor((1, 8, 8, 16))
        y = DRAWS[kind](forge.main, x, np.random.default_rng([seed, 5]))
        content = forge.content([x], [y])
        assert handed_over(content) == expected(content), (kind, seed)


def single(name, *shapes, out=None, dtype="float32", scales=((), ()), data=(), **options):
    """Return a file of one op on inputs of these shapes, and on integers that stand in it."""
    forge = Forge()
    graph = forge.main
    zeros = [128 if dtype == "uint8" else 0]
    read = [graph.tensor(shape, dtype, scales=scales[0], zeros=zeros) for shape in shapes]
    fixed = [graph.tensor(np.shape(d), kind, d) for kind, d in data]
    shape = shapes[0] if out is None else out
    after = {"dtype": dtype, "scales": scales[1], "zeros": zeros}
    return forge.content(read, [graph.op(name, [*read, *fixed], shape, **after, **options)])


def one(scale_in, scale_out):
    return {"scales": ((scale_in,), (scale_out,))}


CLAMP = {"fusedActivationFunction": 0}
MAP = (1, 4, 4, 8)
SIDES = [[0, 0], [1, 1], [1, 1], [0, 0]]
# A file of one op, and whether XNNPACK takes it.
SINGLES = {
    "LEAKY_RELU 0.1": (single("LEAKY_RELU", MAP, alpha=0.1), True),
    "LEAKY_RELU 0": (single("LEAKY_RELU", MAP, alpha=0.0), False),
    "LEAKY_RELU denormal": (single("LEAKY_RELU", MAP, alpha=1e-40), False),
    "LEAKY_RELU infinite": (single("LEAKY_RELU", MAP, alpha=float("inf")), False),
    "LEAKY_RELU, far scales": (
        single("LEAKY_RELU", MAP, dtype="int8", alpha=0.1, **one(1.0, 0.001)),
        False,
    ),
    "PAD int32": (single("PAD", MAP, out=(1, 6, 6, 8), data=[("int32", SIDES)]), True),
    "PAD int64": (single("PAD", MAP, out=(1, 6, 6, 8), data=[("int64", SIDES)]), False),
    "ADD int8": (single("ADD", MAP, MAP, dtype="int8", **one(0.1, 0.2), **CLAMP), True),
    "ADD int8, far": (single("ADD", MAP, MAP, dtype="int8", **one(0.1, 1e-4), **CLAMP), False),
    "SUB int8, far": (single("SUB", MAP, MAP, dtype="int8", **one(1e-5, 0.1), **CLAMP), False),
    "MUL int8": (single("MUL", MAP, MAP, dtype="int8", **one(0.1, 0.2), **CLAMP), True),
    "MUL int8, far": (single("MUL", MAP, MAP, dtype="int8", **one(1.0, 1e-3), **CLAMP), False),
    "uint8": (single("LOGISTIC", MAP, dtype="uint8", **one(0.1, 1 / 256)), True),
    "MAX_POOL_2D of uint8 without scales": (
        single(
            "MAX_POOL_2D",
            MAP,
            out=(1, 2, 2, 8),
            dtype="uint8",
            padding=VALID,
            strideH=2,
            strideW=2,
            filterHeight=2,
            filterWidth=2,
        ),
        False,
    ),
    "CONCATENATION of 6": (
        single("CONCATENATION", *[MAP] * 6, out=(1, 4, 4, 48), axis=3, **CLAMP),
        False,
    ),
    "Dense with computed weights": (
        single("FULLY_CONNECTED", (1, 8), (4, 8), out=(1, 4), weightsFormat=0, **CLAMP),
        False,
    ),
    "RESHAPE": (single("RESHAPE", MAP, out=(1, 128), data=[("int32", [1, -1])]), True),
    "RESHAPE to one dimension": (
        single("RESHAPE", MAP, out=(128,), data=[("int32", [-1])]),
        False,
    ),
    "SLICE": (
        single("SLICE", MAP, data=[("int64", [0] * 4), ("int64", [1, 4, 4, 8])]),
        True,
    ),
    "SLICE of the rest": (
        single("SLICE", MAP, data=[("int32", [0] * 4), ("int32", [-1] * 4)]),
        False,
    ),
    "SOFTMAX": (single("SOFTMAX", MAP, beta=1.0), True),
    "SOFTMAX, beta": (single("SOFTMAX", MAP, beta=2.0), False),
    "MEAN": (single("MEAN", MAP, out=(1, 8), data=[("int32", [1, 2])], keepDims=False), True),
    "a function of a scalar": (single("ABS", ()), True),
}


@pytest.mark.parametrize("name", SINGLES)
def test_attributes_types_and_scales_decide_what_xnnpack_takes(name):
    content, taken = SINGLES[name]
    assert bool(handed_over(content)) == bool(expected(content)) == taken


def convolution(kernel, bias):
    """Return a 1x1 convolution whose kernel and bias are stored in these types."""
    forge = Forge()
    graph = forge.main
    x = graph.tensor(MAP)
    places = []
    for values, kind in ((np.ones((8, 1, 1, 8)), kernel), (np.ones(8), bias)):
        half = kind == "float16"
        places.append(graph.half(values) if half else graph.tensor(values.shape, data=values))
    steps = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    return forge.content([x], [graph.op("CONV_2D", [x, *places], padding=VALID, **steps, **CLAMP)])


@pytest.mark.parametrize("kernel", ["float32", "float16"])
@pytest.mark.parametrize("bias", ["float32", "float16"])
def test_a_float32_kernel_beside_a_float16_bias_is_left_out(kernel, bias):
    content = convolution(kernel, bias)
    taken = (kernel, bias) != ("float32", "float16")
    assert bool(handed_over(content)) == bool(expected(content)) == taken


def named(name, custom=b"?", **options):
    forge = Forge()
    x = forge.main.tensor(MAP)
    return forge.content([x], [forge.main.op(name, [x], custom=custom, **options)])


UNLOADABLE = {
    "custom op": named("MyOp"),
    "select ops": named("FlexErf"),
    "scale": single("LOGISTIC", MAP, dtype="int8", **one(1e-40, 1 / 256)),
    "dimensions": single("SOFTMAX", (1,) * 6 + (8,), beta=1.0),
}


@pytest.mark.parametrize("rule", UNLOADABLE)
def test_what_no_litert_loads_has_a_verdict_of_its_own(rule):
    found = diagnose(read_tflite(UNLOADABLE[rule]))
    assert {verdict.verdict for verdict in found.verdicts} == {"unloadable"}
    assert found.verdicts[0].rule == rule and not found.safe
    assert handed_over(UNLOADABLE[rule]) is None


def test_a_convolution_without_a_bias_does_not_load():
    forge = Forge()
    x = forge.main.tensor((1, 8, 8, 16))
    y = DRAWS["1x1 without bias"](forge.main, x, np.random.default_rng(0))
    content = forge.content([x], [y])
    assert handed_over(content) is None
    assert diagnose(read_tflite(content)).verdicts[0].rule == "no bias"


def test_custom_ops_that_litert_brings_are_builtin():
    found = diagnose(read_tflite(named("TFLite_Detection_PostProcess")))
    assert found.verdict == "dense" and found.ops[0].kernels["x86"] == "builtin"


def test_sparse_float16_weights_of_a_builtin_kernel_are_never_unpacked():
    forge = Forge()
    graph = forge.main
    x = graph.tensor(MAP)
    kernel = np.eye(8, dtype="float16").reshape(8, 1, 1, 8)
    weights = graph.op("DEQUANTIZE", [graph.sparse(kernel)], kernel.shape)
    bias = graph.op("SIGN", [graph.tensor((8,), data=np.ones(8))])
    steps = {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    y = graph.op("CONV_2D", [x, weights, bias], padding=VALID, **steps, **CLAMP)
    found = diagnose(read_tflite(forge.content([x], [y])))
    assert {(v.verdict, v.rule) for v in found.verdicts} == {("unsafe", "swallowed")}
