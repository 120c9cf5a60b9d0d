"""Ops with attributes and types drawn at random, as a cluster of XNNPACK could hold them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from proofs.drawn_parts import Random, bias_of, depthwise, mean, pick, pointwise, weights
from proofs.forge import SAME, VALID, Graph

Draw = Callable[[Graph, int, Random], int]  # a feature map → a feature map

_NAMES = "RELU RELU6 RELU_N1_TO_1 HARD_SWISH LOGISTIC TANH ELU ABS NEG FLOOR CEIL ROUND SIN COS"
FUNCTIONS = (*_NAMES.split(), "SQUARE")
_ALPHAS = (0.0, -0.0, 1e-40, 1e-37, 0.01, 0.3, 1.0, 1.5, -0.5)


def _function(graph: Graph, x: int, random: Random) -> int:
    return graph.op(pick(random, *FUNCTIONS), [x])


def _leaky(graph: Graph, x: int, random: Random) -> int:
    return graph.op("LEAKY_RELU", [x], alpha=float(pick(random, *_ALPHAS)))


def _gelu(graph: Graph, x: int, random: Random) -> int:
    return graph.op("GELU", [x], approximate=bool(random.integers(2)))


def _narrow(graph: Graph, x: int, random: Random) -> int:
    """A function that is defined for positive numbers only."""
    name = pick(random, "SQRT", "RSQRT", "LOG")
    return graph.op(name, [graph.op("EXP", [graph.op("TANH", [x])])])


def _binary(graph: Graph, x: int, random: Random) -> int:
    channels = graph.shape(x)[3]
    other = pick(random, "itself", "map", "(1, 1, 1, 1)", "(c,)", "(1, 1, 1, c)", "()")
    if other in ("itself", "map"):
        second = x if other == "itself" else pointwise(graph, x, random)
    else:
        shape = eval(other, {"c": channels})
        # Positive, so that a clamp behind it does not hide what came in.
        values = np.abs(random.normal(size=shape)) + 0.1
        second = graph.tensor(shape, data=values.astype("float32"))
    name = pick(random, "ADD", "ADD", "MUL", "MUL", "SUB", "MAXIMUM", "MINIMUM")
    pair = [x, second] if random.integers(3) else [second, x]
    if name in ("MAXIMUM", "MINIMUM"):
        return graph.op(name, pair, graph.shape(x))
    clamp = int(pick(random, 0, 0, 1, 3))
    return graph.op(name, pair, graph.shape(x), fusedActivationFunction=clamp)


def _difference(graph: Graph, x: int, random: Random) -> int:
    name = pick(random, "SQUARED_DIFFERENCE", "DIV")
    if name == "SQUARED_DIFFERENCE":
        return graph.op(name, [x, pointwise(graph, x, random)])
    below = graph.op("EXP", [graph.op("TANH", [x])])
    return graph.op(name, [x, below], fusedActivationFunction=0)


def _slopes(graph: Graph, x: int, random: Random) -> int:
    shape = (1, 1, graph.shape(x)[3])
    return graph.op("PRELU", [x, graph.tensor(shape, data=random.normal(size=shape))])


def _kernel(graph: Graph, x: int, random: Random) -> int:
    stored = pick(random, "sparse", "sparse float16", "float16", "dense", "int8")
    bias = pick(random, "float32", "float32", "float16")
    clamp = int(pick(random, 0, 1, 3))
    return pointwise(graph, x, random, stored=stored, bias=bias, fusedActivationFunction=clamp)


def _bare(graph: Graph, x: int, random: Random) -> int:
    bias = pick(random, "none", "left out")
    return pointwise(graph, x, random, bias=bias, stored=pick(random, "sparse", "dense"))


def _loose(graph: Graph, x: int, random: Random) -> int:
    """A 1x1 convolution that XNNPACK leaves out: its bias is computed."""
    channels = graph.shape(x)[3]
    bias = graph.op("SIGN", [bias_of(graph, channels, random)])
    stored = pick(random, "sparse", "sparse float16", "dense", "float16")
    return pointwise(graph, x, random, stored=stored, bias=bias)


def _stepped(graph: Graph, x: int, random: Random) -> int:
    return pointwise(graph, x, random, stride=2)


def _separable(graph: Graph, x: int, random: Random) -> int:
    dilation, multiplier = int(pick(random, 1, 1, 2)), int(pick(random, 1, 1, 0))
    both = {"dilationHFactor": dilation, "dilationWFactor": dilation}
    return depthwise(graph, x, random, depthMultiplier=multiplier, **both)


def _padded(graph: Graph, x: int, random: Random) -> int:
    """Padding by hand, before a depthwise convolution at stride 2."""
    n, height, width, channels = graph.shape(x)
    sides = pick(random, [1, 1], [1, 1], [0, 1])
    kind = pick(random, "int32", "int64")
    amounts = graph.tensor((4, 2), kind, [[0, 0], sides, sides, [0, 0]])
    bigger = (n, height + sum(sides), width + sum(sides), channels)
    padded = graph.op("PAD", [x, amounts], bigger)
    kernel = graph.tensor((1, 3, 3, channels), data=weights(random, (1, 3, 3, channels)) * 3)
    steps = {"strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1}
    shape = (n, (bigger[1] - 3) // 2 + 1, (bigger[2] - 3) // 2 + 1, channels)
    inputs = [padded, kernel, bias_of(graph, channels, random)]
    options = {"padding": VALID, "depthMultiplier": 1, "fusedActivationFunction": 0}
    return graph.op("DEPTHWISE_CONV_2D", inputs, shape, **steps, **options)


def _pool(graph: Graph, x: int, random: Random) -> int:
    name, size = pick(random, "MAX_POOL_2D", "AVERAGE_POOL_2D"), int(pick(random, 1, 2, 3))
    sizes = {"filterHeight": size, "filterWidth": size, "strideH": 1, "strideW": 1}
    return graph.op(name, [x], padding=SAME, fusedActivationFunction=0, **sizes)


def _resize(graph: Graph, x: int, random: Random) -> int:
    n, height, width, channels = graph.shape(x)
    twice = graph.tensor((2,), "int32", [height * 2, width * 2])
    shape = (n, height * 2, width * 2, channels)
    name = pick(random, "RESIZE_BILINEAR", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR")
    corners, halves = [(False, False), (True, False), (False, True)][random.integers(3)]
    return graph.op(name, [x, twice], shape, alignCorners=corners, halfPixelCenters=halves)


def _gate(graph: Graph, x: int, random: Random) -> int:
    name = pick(random, "MEAN", "MEAN", "SUM")
    axes = pick(random, (1, 2), (2, 1), (-3, -2))
    s = mean(graph, x, name, axes=axes)
    if name == "SUM":
        s = graph.op("TANH", [s])
    s = graph.op(pick(random, "RELU", "TANH", "LOGISTIC"), [pointwise(graph, s, random, 8)])
    if not random.integers(3):
        s = _leaky(graph, s, random)
    s = graph.op("LOGISTIC", [pointwise(graph, s, random, graph.shape(x)[3])])
    pair = [x, s] if random.integers(2) else [s, x]
    return graph.op("MUL", pair, graph.shape(x), fusedActivationFunction=0)


def _moved(graph: Graph, x: int, random: Random) -> int:
    """Moves data, or leaves it where it is, in ways that XNNPACK takes or not."""
    shape = graph.shape(x)
    kind = pick(random, "RESHAPE", "RESHAPE flat", "SLICE", "SLICE rest", "STRIDED_SLICE", "SPLIT")
    if kind == "RESHAPE":
        return graph.op("RESHAPE", [x, graph.tensor((4,), "int32", shape)])
    if kind == "RESHAPE flat":
        size = int(np.prod(shape))
        flat = graph.op("RESHAPE", [x, graph.tensor((1,), "int32", [-1])], (size,))
        return graph.op("RESHAPE", [flat, graph.tensor((4,), "int32", shape)], shape)
    if kind.startswith("SLICE"):
        type_ = pick(random, "int32", "int64")
        size = [-1] * 4 if kind.endswith("rest") else shape
        edges = [graph.tensor((4,), type_, [0] * 4), graph.tensor((4,), type_, size)]
        return graph.op("SLICE", [x, *edges], shape)
    if kind == "STRIDED_SLICE":
        edges = [graph.tensor((4,), "int32", n) for n in ([0] * 4, shape, [1] * 4)]
        mask = int(pick(random, 0, 15))
        return graph.op("STRIDED_SLICE", [x, *edges], shape, beginMask=mask, endMask=mask)
    half = (*shape[:3], shape[3] // 2)
    parts = [graph.tensor(half), graph.tensor(half)]
    graph.add("SPLIT", [graph.tensor((), "int32", 3), x], parts, numSplits=2)
    return graph.op("CONCATENATION", parts, shape, axis=3, fusedActivationFunction=0)


def _softmax(graph: Graph, x: int, random: Random) -> int:
    return graph.op("SOFTMAX", [x], beta=float(pick(random, 1.0, 0.5)))


def _left(graph: Graph, x: int, random: Random) -> int:
    """An op that XNNPACK never takes."""
    return graph.op(pick(random, "SIGN", "L2_NORMALIZATION"), [x])


def _integers(graph: Graph, x: int, random: Random) -> int:
    """A few ops on int8 or uint8, with scales that XNNPACK takes or not."""
    kind = pick(random, "int8", "int8", "uint8")
    zero = 0 if kind == "int8" else 128
    step = 0.03
    q = graph.op("QUANTIZE", [x], dtype=kind, scales=[step], zeros=[zero])
    wide = float(pick(random, step, step * 2, step / 300, step * 2000))
    name = pick(random, "ADD", "MUL", "CONCATENATION", "none")
    settings: dict[str, Any] = {"dtype": kind, "scales": [wide], "zeros": [zero]}
    if name in ("ADD", "MUL"):
        q = graph.op(name, [q, q], fusedActivationFunction=0, **settings)
    elif name == "CONCATENATION":
        n, height, width, channels = graph.shape(q)
        same = settings | {"scales": [step]}
        wider = (n, height, width, channels * 2)
        q = graph.op(name, [q, q], wider, axis=3, fusedActivationFunction=0, **same)
    return graph.op("DEQUANTIZE", [q])


def _channels_in_order(graph: Graph, x: int, random: Random) -> int:
    order = pick(random, (0, 1, 2, 3), (0, 2, 1, 3))
    shape = tuple(graph.shape(x)[i] for i in order)
    kind = graph.tensor((4,), "int32", order)
    return graph.op("TRANSPOSE", [x, kind], shape)


def _dense_layer(graph: Graph, x: int, random: Random) -> int:
    """A Dense layer on a map, its kernel stored sparse or dense, or computed when it runs."""
    channels = graph.shape(x)[3]
    kernel = weights(random, (channels, channels), 0.8)
    stored = pick(random, "sparse", "dense", "computed", "half")
    kernel_at = {
        "sparse": lambda: graph.sparse(kernel),
        "dense": lambda: graph.tensor(kernel.shape, data=kernel),
        "half": lambda: graph.half(kernel),
        "computed": lambda: _computed(graph, x, channels),
    }[stored]()
    bias = bias_of(graph, channels, random, pick(random, "float32", "float16", "none"))
    options = {"keepNumDims": True, "fusedActivationFunction": 0, "weightsFormat": 0}
    return graph.op("FULLY_CONNECTED", [x, kernel_at, bias], **options)


def _computed(graph: Graph, x: int, channels: int) -> int:
    """Weights that depend on the data: c means, side by side in c rows."""
    row = mean(graph, x, keep=False)
    rows = graph.op("CONCATENATION", [row] * 2, (2, channels), axis=0, fusedActivationFunction=0)
    zero = graph.tensor((channels - 2, channels), data=np.zeros((channels - 2, channels)))
    pair = [rows, zero]
    return graph.op("CONCATENATION", pair, (channels, channels), axis=0, fusedActivationFunction=0)


def _unpooled(graph: Graph, x: int, random: Random) -> int:
    """MediaPipe's transposed convolution, in a form that XNNPACK takes or not."""
    n, height, width, channels = graph.shape(x)
    values = weights(random, (channels, 2, 2, channels))
    kernel = graph.tensor(values.shape, data=values)
    struct_ = struct.pack("<5i", int(pick(random, 1, 2, 2)), 2, 2, 0, 0)
    shape = (n, height * 2, width * 2, channels)
    inputs = [x, kernel, bias_of(graph, channels, random)]
    return graph.op("Convolution2DTransposeBias", inputs, shape, custom=struct_)


def _kept(graph: Graph, x: int, random: Random) -> int:
    """Write a variable and read it again."""
    handle = graph.tensor((), "resource")
    graph.add("VAR_HANDLE", [], [handle], container="", sharedName=f"v{handle}")
    graph.add("ASSIGN_VARIABLE", [handle, x], [])
    return graph.op("READ_VARIABLE", [handle], graph.shape(x))


def _composed(graph: Graph, x: int, random: Random) -> int:
    """An op that stands for a graph of its own, which a runtime without a kernel for it runs."""
    inner = graph.forge.graph()
    read = inner.tensor(graph.shape(x))
    inner.ends = [read], [inner.op("TANH", [read])]
    place = graph.forge.graphs.index(inner)
    nothing = np.frombuffer(b"\0\0\1", np.uint8)  # an empty FlexBuffer
    options = {"name": "mine.tanh", "decompositionSubgraphIndex": place}
    options["compositeAttributes"] = nothing
    return graph.op("STABLEHLO_COMPOSITE", [x], **options)


DRAWS: dict[str, Draw] = {
    "function": _function,
    "LEAKY_RELU": _leaky,
    "GELU": _gelu,
    "positive": _narrow,
    "binary": _binary,
    "difference": _difference,
    "PRELU": _slopes,
    "1x1": _kernel,
    "1x1 without bias": _bare,
    "1x1 with a computed bias": _loose,
    "1x1 at stride 2": _stepped,
    "depthwise": _separable,
    "padded depthwise": _padded,
    "pooling": _pool,
    "resizing": _resize,
    "gate": _gate,
    "moving": _moved,
    "softmax": _softmax,
    "builtin": _left,
    "integers": _integers,
    "transpose": _channels_in_order,
    "Dense": _dense_layer,
    "MediaPipe": _unpooled,
    "variable": _kept,
    "composite": _composed,
}
"""What may be drawn, by name; the tests of the delegate run each of them, too."""
