"""The batches both sides are run on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.data import Batches, Input, Wanted
from tfprune.errors import FileError, PruneError
from tfprune.graph import outputs_of
from tfprune.notes import Note
from tfprune.runners import OPEN_SIZES, TensorSpec
from tfprune.tflite.model import TFLiteModel
from tfprune.verification.reference import Batch, Outputs, call

SEED = 0


def check_sizes(specs: Sequence[TensorSpec], path: str) -> None:
    """Raise FileError if an input of the file can't hold a single value."""
    for spec in specs:
        if 0 in spec.shape:
            found = f"its input {spec.name!r} of shape {spec.shape} holds no values"
            raise FileError(f"verify {path}", found, "convert the model again")


def given_batches(
    data: Any, specs: Sequence[Input], model: Any, samples: int
) -> tuple[list[Batch], tuple[Note, ...]]:
    """Return at most `samples` samples of what the user gave, in batches of the file's size.

    Args:
        data: What `fit` takes, or a path: see `tfprune.data.Batches`. Targets are not used.
        specs: The model's inputs, with the batch of the file.
        model: The model, whose outputs' names tell targets from inputs.
        samples: At most how many, but at least one batch.

    Raises:
        PruneError: there is no data, or it does not fit the inputs.
    """
    asked = "verify on the given inputs"
    batches = Batches(data, Wanted(asked, tuple(specs), outputs_of(model), rows=samples))
    return [batch.inputs for batch in batches], tuple(batches.notes)


def random_batches(
    specs: Sequence[Input],
    places: Sequence[TensorSpec],
    tflite: TFLiteModel,
    samples: int,
    open_size: int,
) -> tuple[list[Batch], str]:
    """Draw batches from seed 0, and say how.

    Floats are uniform in [0, 1), or in the range that the file quantizes its input to; integers
    may be indices of a table, so they are 0 or 1. Sizes that both sides leave open are `open_size`.
    """
    generator = np.random.default_rng(SEED)
    size = specs[0].shape[0] or 1
    ranges = [input_range(place, tflite) for place in places]
    batches = [
        {
            spec.name: _draw(spec, place.at(open_size), limits, generator)
            for spec, place, limits in zip(specs, places, ranges, strict=True)
        }
        for _ in range(max(1, math.ceil(samples / size)))
    ]
    words = " and ".join(f"[{low:.3g}, {high:.3g}]" for low, high in dict.fromkeys(ranges))
    detail = f"{len(batches) * size} random samples, seed {SEED}, floats in {words}"
    return batches, detail + f", open sizes {open_size}" * any(place.is_open for place in places)


def drawn(
    model: Any,
    specs: Sequence[Input],
    places: Sequence[TensorSpec],
    tflite: TFLiteModel,
    samples: int,
) -> tuple[list[Batch], str, Outputs]:
    """Draw batches that the model can run on; return them, how they were drawn, and its outputs.

    Sizes that are open get the first of `OPEN_SIZES` that the model bears.

    Raises:
        PruneError: it bears none.
    """
    sizes = OPEN_SIZES if any(place.is_open for place in places) else OPEN_SIZES[:1]
    for size in sizes:
        batches, detail = random_batches(specs, places, tflite, samples, size)
        try:
            return batches, detail, [call(model, batch) for batch in batches]
        except Exception as error:
            # Whatever a layer says of a size that it can't take; a model of fixed sizes is broken.
            if len(sizes) == 1:
                raise
            reason = str(error).splitlines()[:1]
    raise PruneError(
        f"draw inputs for the open sizes of {model.name!r}",
        f"it runs at none of {', '.join(map(str, sizes))}: {reason[0] if reason else ''}",
        "pass inputs of a size that it takes: verify(model, path, inputs=x_test[:8])",
    )


def input_range(spec: TensorSpec, tflite: TFLiteModel) -> tuple[float, float]:
    """Return the real values that an input can take: [0, 1] unless the file quantizes it."""
    readers = [op for op in tflite.ops if op.name == "QUANTIZE" and spec.index in op.inputs]
    index = readers[0].outputs[0] if readers else spec.index
    tensor = tflite.tensors[index]
    if not tensor.quantized or tensor.dtype not in ("int8", "uint8", "int16"):
        return 0.0, 1.0
    limits = np.iinfo(tensor.dtype)
    low, high = ((n - tensor.zero_points[0]) * tensor.scales[0] for n in (limits.min, limits.max))
    return float(low), float(high)


def _draw(
    spec: Input,
    place: Sequence[int],
    limits: tuple[float, float],
    generator: np.random.Generator,
) -> np.ndarray:
    shape = [wanted or place[axis] for axis, wanted in enumerate(spec.shape)]
    if "float" in spec.dtype:
        return generator.uniform(*limits, size=shape).astype(np.float32)
    return generator.integers(0, 2, shape).astype(spec.dtype)
