"""Small mobile networks of ops drawn at random, written as files without Keras.

Each is a stem, separable blocks with one to three drawn ops between them, a pooling and a head;
its 1x1 kernels are stored sparse, with zeros enough. The same number always gives the same model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from proofs import drawn_parts as parts
from proofs.drawing import DRAWS
from proofs.drawn_parts import Random
from proofs.forge import Forge, Graph

COUNT = 250
_HEADS = (
    "mean",
    "mean",
    "mean",
    "mean, Dense",
    "mean, Dense",
    "kept mean, Dense",
    "depth to space",
)
_SHARES = (0.85, 0.85, 0.85, 0.85, 0.2)
_EVERY = tuple(DRAWS)
_USUAL = ("function", "LEAKY_RELU", "GELU", "positive", "binary", "1x1", "depthwise", "gate")


@dataclass(frozen=True)
class RandomModel:
    """One drawn model.

    Args:
        content: The .tflite file.
        image: Its input.
    """

    content: bytes
    image: np.ndarray


def title(number: int) -> str:
    """Return what is drawn for a model, in order, after its number."""
    _, drawn, head = _plan(number)
    return f"drawn {number:03}: {', '.join(drawn)}; {head}"


def random_model(number: int) -> RandomModel:
    """Draw a model.

    Args:
        number: Which one.
    """
    random, drawn, head = _plan(number)
    forge = Forge()
    graph = forge.main
    image = graph.tensor((1, 32, 32, 3))
    sides = "int32" if random.integers(20) else "int64"
    x = parts.depthwise(graph, parts.stem(graph, image, random, sides), random)
    x = parts.pointwise(graph, x, random, 16, fusedActivationFunction=3)
    for kind in drawn:
        x = parts.pointwise(graph, DRAWS[kind](graph, x, random), random, 16)
    x = parts.pointwise(graph, x, random, 32, float(random.choice(_SHARES)))
    end = _head(graph, x, random, head)
    values = random.normal(size=(1, 32, 32, 3)).astype("float32")
    return RandomModel(forge.content([image], [end]), values)


def _plan(number: int) -> tuple[Random, list[str], str]:
    """Return what to draw from, the ops, and the head; one op goes round the table."""
    random = np.random.default_rng([7, number])
    drawn = [_EVERY[number % len(_EVERY)], *random.choice(_USUAL, random.integers(0, 3))]
    return random, [str(kind) for kind in random.permutation(drawn)], str(random.choice(_HEADS))


def _head(graph: Graph, x: int, random: Random, name: str) -> int:
    if name == "depth to space":
        n, height, width, channels = graph.shape(x)
        shape = (n, height * 2, width * 2, channels // 4)
        return graph.op("DEPTH_TO_SPACE", [x], shape, blockSize=2)
    s = parts.mean(graph, x, keep=name.startswith("kept"))
    if name == "mean":
        return s
    values = parts.weights(random, (10, 32), 0.5)
    sparse = random.integers(4) == 0
    kernel = graph.sparse(values) if sparse else graph.tensor(values.shape, data=values)
    bias = graph.tensor((10,), data=random.normal(size=10).astype("float32"))
    options = {"fusedActivationFunction": 0, "weightsFormat": 0, "keepNumDims": False}
    return graph.op("FULLY_CONNECTED", [s, kernel, bias], (1, 10), **options)
