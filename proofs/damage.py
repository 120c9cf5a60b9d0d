"""Damaged files, and what tfprune says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

import tfprune
from proofs.mutating import mutate_keras, mutate_npz, mutate_report, mutate_tflite
from proofs.variants import blocks as b
from tfprune.data.paths import read_path
from tfprune.data.wanted import Input, Wanted
from tfprune.errors import PruneError
from tfprune.reports import html
from tfprune.reports.record import Epoch, KernelZeros, ModelRow, RunReport
from tfprune.reports.tables import summary_table
from tfprune.tables import printed

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
    tfprune.convert(model, path, quantize, calibration, sparse=sparse)
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
    """Send damaged .tflite files through the verbs and count what each verb said.

    Two of three are damaged in their structure, the others in their bytes. Any exception but a
    `PruneError` with a fix, from a verb, ends it: that is the proof.

    Returns:
        How often a verb `"answered"`, `"refused"`, or named the `"crash"` of an interpreter.
    """
    random, said = np.random.default_rng(seed), Counter[tuple[str, str]]()
    path = folder / "damaged.tflite"
    for i in range(count):
        source = whole[i % len(whole)]
        change = mutate_tflite if random.random() < 0.67 else damaged
        path.write_bytes(change(source.content, random))
        for verb in verbs:
            said[verb, answer(partial(_VERBS[verb], source.model, str(path)))] += 1
    return said


def answer(call: Callable[[], Any]) -> str:
    """Return whether a call `"answered"`, `"refused"`, or named the `"crash"` of an interpreter."""
    try:
        call()
    except PruneError as error:
        if not (error.asked and error.found and error.fix):
            raise
        return "crash" if "process died" in error.found else "refused"
    return "answered"


def others(folder: Path) -> dict[str, Other]:
    """Return what else is read from files: kind → how it is damaged and used."""
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.LayerNormalization()])
    model.save(folder / "whole.keras")
    arrays = {"x": np.eye(4, dtype="float32"), "y": np.arange(4)}
    np.savez(folder / "whole.npz", **arrays)
    row = ModelRow(
        label="dense", file="dense.tflite", bytes=2048, gzip_bytes=1024, accuracy=0.9, sparsity=0.5
    )
    kernel = KernelZeros(
        kernel="head/kernel",
        shape=(4, 3),
        params=12,
        zeros=6,
        planned=0.5,
        reason="planned",
        in_files={"dense": 6},
    )
    epochs = (
        Epoch(phase="dense", epoch=1, loss=1.0, accuracy=0.5, val_accuracy=0.4),
        Epoch(phase="pruning", epoch=2, loss=0.9, accuracy=0.6, val_accuracy=0.5, sparsity=0.5),
    )
    report = RunReport(
        title="run",
        created="2026-01-01T00:00:00+00:00",
        models=(row, row),
        kernels=(kernel,),
        epochs=epochs,
    )
    report.save(folder / "whole.json")
    wanted = Wanted(asked="fuzz", inputs=(Input(name="x", shape=(None, 4)),))
    return {
        ".keras": Other(folder / "whole.keras", mutate_keras, tfprune.inspect),
        ".npz": Other(folder / "whole.npz", mutate_npz, lambda path: read_path(path, wanted, [])),
        "report.json": Other(folder / "whole.json", mutate_report, _show_report),
    }


@dataclass(frozen=True)
class Other:
    """A kind of file besides .tflite.

    Args:
        whole: A whole one.
        change: Damages its bytes.
        use: What is done with a damaged one.
    """

    whole: Path
    change: Callable[[bytes, np.random.Generator], bytes]
    use: Callable[[str], Any]

    def survive(self, seed: int, count: int, folder: Path) -> Counter[str]:
        """Damage it `count` times and count the answers, as the function `survive` does."""
        random, said = np.random.default_rng(seed), Counter[str]()
        content, path = self.whole.read_bytes(), folder / f"damaged{self.whole.suffix}"
        for _ in range(count):
            path.write_bytes(self.change(content, random))
            said[answer(partial(self.use, str(path)))] += 1
        return said


def _show_report(path: str) -> None:
    report = RunReport.load(path)
    html.render(report)
    printed(summary_table(report), colour=False)
