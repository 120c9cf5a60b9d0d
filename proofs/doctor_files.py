"""One model as files: the .tflite, inputs, and what must be computed from them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from proofs.random_models import random_model
from proofs.variants import Variant
from proofs.variants.blocks import warm
from tfprune.export import converter, saved_model
from tfprune.export.quiet import quiet

MODEL = "model.tflite"
TOLERANCES = {None: 1e-4, "float16": 1e-2, "dynamic": 0.1, "int8": 0.2, "int16x8": 0.1}
"""The largest error, relative to the largest output; wrong layouts err by more on these models."""
_DRAWN = 1e-5
_CALIBRATED = ("int8", "int16x8")


@dataclass(frozen=True)
class Case:
    """A model to run.

    Args:
        path: The .tflite file.
        inputs: An .npz of inputs, by their name in the file's signature.
        expected: What Keras, or LiteRT without XNNPACK, computes from them, one array per output.
        tolerance: The largest error, relative to the largest output, that is right.
        compiled: Whether what LiteRT's CompiledModel puts out is compared, too; it runs composites
            in another way than the Interpreter.
    """

    path: Path
    inputs: Path
    expected: tuple[np.ndarray, ...]
    tolerance: float = TOLERANCES[None]
    compiled: bool = False


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
    outputs = tuple(map(np.array, expected))
    case = Case(folder / MODEL, folder / "inputs.npz", outputs, TOLERANCES[variant.quantize])
    case.path.write_bytes(content)
    np.savez(case.inputs, **dict(zip(names, data, strict=True)))
    return case


def draw(number: int, folder: Path) -> Case:
    """Draw a model, and run it on this machine by LiteRT's own kernels, none of XNNPACK's."""
    model = random_model(number)
    expected = _reference(model.content, model.image)
    case = Case(folder / MODEL, folder / "inputs.npz", expected, _DRAWN, compiled=True)
    case.path.write_bytes(model.content)
    np.savez(case.inputs, x0=model.image)
    return case


def _reference(content: bytes, image: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the outputs; those of XNNPACK's dense kernels where nothing else has the op."""
    kinds = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES, OpResolverType.AUTO
    for kind in kinds:
        try:
            interpreter = Interpreter(model_content=content, experimental_op_resolver_type=kind)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError):
            continue
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
        interpreter.invoke()
        details = interpreter.get_output_details()
        return tuple(interpreter.get_tensor(detail["index"]) for detail in details)
    return ()


def _samples(variant: Variant, names: list[str], data: list[np.ndarray]) -> tuple[Any, ...]:
    if variant.quantize not in _CALIBRATED:
        return ()
    random = np.random.default_rng(4)
    others = [[_normal(random, array.shape) for array in data] for _ in range(4)]
    return tuple(dict(zip(names, arrays, strict=True)) for arrays in (*others, data))


def _normal(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.normal(size=shape).astype("float32")
