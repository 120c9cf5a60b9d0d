"""One variant as files: the .tflite, inputs, and what Keras computes from them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from proofs.variants import Variant
from proofs.variants.blocks import warm
from tfprune.export import converter, saved_model
from tfprune.export.quiet import quiet

MODEL = "model.tflite"
_CALIBRATED = ("int8", "int16x8")


@dataclass(frozen=True)
class Case:
    """A converted variant.

    Args:
        path: The .tflite file.
        inputs: An .npz of inputs, by their name in the file's signature.
        expected: What Keras computes from them, one array per output.
    """

    path: Path
    inputs: Path
    expected: tuple[np.ndarray, ...]


def make(variant: Variant, folder: Path) -> Case:
    """Build, prune and convert a variant, past every refusal of `tfprune.convert`."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    model = warm(variant.build())
    variant.prune(model, variant.sparsity)
    random = np.random.default_rng(3)
    batch = variant.batch or 1
    data = [_normal(random, (batch, *i.shape[1:])) for i in model.inputs]
    expected = keras.tree.flatten(model(data if len(data) > 1 else data[0], training=False))
    with tempfile.TemporaryDirectory() as saved:
        with quiet():
            exported = saved_model.export(model, saved, variant.batch, None)
        names = [spec.name for spec in exported.inputs]
        settings = converter.Settings(variant.quantize, "float32", _samples(variant, names, data))
        content = converter.run(saved, settings, sparse=variant.encoded)
    case = Case(folder / MODEL, folder / "inputs.npz", tuple(map(np.array, expected)))
    case.path.write_bytes(content)
    np.savez(case.inputs, **dict(zip(names, data, strict=True)))
    return case


def _samples(variant: Variant, names: list[str], data: list[np.ndarray]) -> tuple[Any, ...]:
    if variant.quantize not in _CALIBRATED:
        return ()
    random = np.random.default_rng(4)
    others = [[_normal(random, array.shape) for array in data] for _ in range(4)]
    return tuple(dict(zip(names, arrays, strict=True)) for arrays in (*others, data))


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.normal(size=shape).astype("float32")
