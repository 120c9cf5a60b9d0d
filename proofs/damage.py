"""Damaged .tflite files, and what each verb of tfprune says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

import tfprune
from proofs.variants import blocks as b
from tfprune.errors import PruneError

_WAYS = ((None, "auto"), (None, False), ("float16", "auto"), ("dynamic", False), ("int8", False))
_WORDS = (0, 1, 2, 2**31 - 1, 2**32 - 1)
FAST, ALL = ("inspect", "doctor"), ("inspect", "doctor", "benchmark", "verify")
_VERBS: dict[str, Callable[[Any, str], Any]] = {
    "inspect": lambda model, path: tfprune.inspect(path),
    "doctor": lambda model, path: tfprune.doctor(path),
    "benchmark": lambda model, path: tfprune.benchmark(path, runs=1, rounds=1),
    "verify": lambda model, path: tfprune.verify(model, path, samples=1),
}


@dataclass(frozen=True)
class Source:
    """A whole file.

    Args:
        model: The Keras model it was converted from.
        content: Its bytes.
    """

    model: keras.Model
    content: bytes


def sources(folder: Path) -> list[Source]:
    """Return one network converted in five ways, and one that holds a loop."""
    keras.utils.set_random_seed(0)
    network = b.warm(b.with_tail(lambda x: b.dense_head(b.pointwise(x, 48))))
    network = b.prune(network, 0.8)
    images = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype("float32")
    start = keras.Input((4, 8))
    loop = keras.Model(start, layers.LSTM(4)(start))
    found = [_source(network, folder, way, images) for way in _WAYS]
    return [*found, _source(loop, folder, (None, "auto"), None)]


def _source(model: keras.Model, folder: Path, way: tuple[Any, Any], data: Any) -> Source:
    quantize, sparse = way
    calibration = data if quantize == "int8" else None
    path = folder / "whole.tflite"
    tfprune.convert(model, path, quantize, calibration, sparse)
    return Source(model, path.read_bytes())


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Return the content cut off, or with bytes and words replaced, moved or left out."""
    found = bytearray(content)
    if random.random() < 0.2:
        del found[random.integers(len(found)) :]
    # Most damage to more than a few bytes is seen at once.
    few = random.choice([1, 1, 2, 3, 12])
    for place in random.integers(max(len(found), 1), size=few):
        _damage(found, int(place), random)
    return bytes(found)


def _damage(found: bytearray, place: int, random: np.random.Generator) -> None:
    kind = random.choice(["byte", "word", "move", "drop"], p=[0.4, 0.35, 0.2, 0.05])
    if kind == "byte":
        found[place : place + 1] = random.bytes(1)
    elif kind == "word":  # an offset, a length or an index somewhere
        word = int(random.choice([*_WORDS, int(random.integers(2**16))]))
        place -= place % 4
        found[place : place + 4] = word.to_bytes(4, "little")
    elif kind == "move":
        other = int(random.integers(max(len(found), 1)))
        found[place : place + 8] = found[other : other + 8]
    else:
        del found[place : place + int(random.integers(1, 5))]


def survive(
    whole: Sequence[Source],
    seed: int,
    count: int,
    folder: Path,
    verbs: Iterable[str] = ALL,
) -> Counter[tuple[str, str]]:
    """Send damaged files through the verbs and count what each verb said.

    Any exception but a `PruneError` with a fix, from a verb, ends it: that is the proof.

    Returns:
        How often a verb `"answered"`, `"refused"`, or named the `"crash"` of an interpreter.
    """
    random, said = np.random.default_rng(seed), Counter[tuple[str, str]]()
    path = folder / "damaged.tflite"
    for i in range(count):
        source = whole[i % len(whole)]
        path.write_bytes(damaged(source.content, random))
        said.update(_said(source.model, path, verbs))
    return said


def _said(model: keras.Model, path: Path, verbs: Iterable[str]) -> Iterator[tuple[str, str]]:
    for verb in verbs:
        try:
            _VERBS[verb](model, str(path))
            yield verb, "answered"
        except PruneError as error:
            if not (error.asked and error.found and error.fix):
                raise
            yield verb, "crash" if "process died" in error.found else "refused"
