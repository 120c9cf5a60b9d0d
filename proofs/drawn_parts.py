"""The parts of a small mobile network, their numbers drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from proofs.forge import SAME, VALID, Graph

Random = np.random.Generator


def pick(random: Random, *choices: Any) -> Any:
    """Draw one of these."""
    return choices[random.integers(len(choices))]


def weights(random: Random, shape: tuple[int, ...], sparsity: float = 0.0) -> np.ndarray:
    """Draw a kernel of which this share is zero."""
    values = (random.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype("float32")
    order = random.permutation(values.size)[: round(sparsity * values.size)]
    values.reshape(-1)[order] = 0
    return values


def bias_of(graph: Graph, channels: int, random: Random, kind: str = "float32") -> int:
    """Add a bias that is stored so; -1 for none."""
    values = random.normal(size=channels).astype("float32")
    if kind == "float16":
        return graph.half(values)
    return -1 if kind == "none" else graph.tensor((channels,), data=values)


def pointwise(
    graph: Graph,
    x: int,
    random: Random,
    channels: int | None = None,
    sparsity: float = 0.85,
    stored: str = "sparse",
    bias: str | int = "float32",
    stride: int = 1,
    **options: Any,
) -> int:
    """Add a 1x1 convolution; `stored` is how its kernel lies in the file, `bias` so or a tensor."""
    n, height, width, read = graph.shape(x)
    kernel = weights(random, (channels or read, 1, 1, read), sparsity)
    if stored == "sparse":
        kernel_at = graph.sparse(kernel)
    elif stored == "sparse float16":
        packed = graph.sparse(kernel.astype("float16"))
        kernel_at = graph.op("DEQUANTIZE", [packed], kernel.shape)
    elif stored == "int8":
        step = float(np.abs(kernel).max() / 127)
        values = np.round(kernel / step)
        packed = graph.tensor(kernel.shape, "int8", values, [step])
        kernel_at = graph.op("DEQUANTIZE", [packed], kernel.shape)
    else:
        dense = stored == "dense"
        kernel_at = graph.tensor(kernel.shape, data=kernel) if dense else graph.half(kernel)
    inputs = [x, kernel_at]
    if isinstance(bias, int):
        inputs.append(bias)
    elif bias != "left out":
        inputs.append(bias_of(graph, kernel.shape[0], random, bias))
    shape = (n, -(-height // stride), -(-width // stride), kernel.shape[0])
    options = {"fusedActivationFunction": 0, **options}
    steps = {"strideH": stride, "strideW": stride, "dilationHFactor": 1, "dilationWFactor": 1}
    return graph.op("CONV_2D", inputs, shape, padding=VALID, **steps, **options)


def depthwise(graph: Graph, x: int, random: Random, **options: Any) -> int:
    """Add a depthwise convolution 3x3, padded so that it can stand inside."""
    channels = graph.shape(x)[3]
    kernel = graph.tensor((1, 3, 3, channels), data=weights(random, (1, 3, 3, channels)) * 3)
    found = {"padding": SAME, "depthMultiplier": 1, "fusedActivationFunction": 0}
    found |= {"strideH": 1, "strideW": 1, "dilationHFactor": 1, "dilationWFactor": 1}
    bias = bias_of(graph, channels, random)
    return graph.op("DEPTHWISE_CONV_2D", [x, kernel, bias], graph.shape(x), **found | options)


def stem(graph: Graph, x: int, random: Random, paddings: str = "int32") -> int:
    """Add the first convolution: 3x3, stride 2, on three channels."""
    n, height, width, read = graph.shape(x)
    amounts = graph.tensor((4, 2), paddings, [[0, 0], [1, 1], [1, 1], [0, 0]])
    padded = graph.op("PAD", [x, amounts], (n, height + 2, width + 2, read))
    kernel = graph.tensor((8, 3, 3, read), data=weights(random, (8, 3, 3, read)))
    steps = {"strideH": 2, "strideW": 2, "dilationHFactor": 1, "dilationWFactor": 1}
    options = {"padding": VALID, "fusedActivationFunction": int(pick(random, 0, 1, 3)), **steps}
    inputs = [padded, kernel, bias_of(graph, 8, random)]
    return graph.op("CONV_2D", inputs, (n, height // 2, width // 2, 8), **options)


def mean(graph: Graph, x: int, name: str = "MEAN", keep: bool = True, axes: Any = (1, 2)) -> int:
    """Add a reduction over the image."""
    n, _, _, channels = graph.shape(x)
    where = graph.tensor((2,), "int32", axes)
    shape = (n, 1, 1, channels) if keep else (n, channels)
    return graph.op(name, [x, where], shape, keepDims=keep)
