"""The batches both sides are run on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.errors import FileError, PruneError
from tfprune.export.calibration import samples as parse
from tfprune.runners import TensorSpec
from tfprune.tflite.model import TFLiteModel
from tfprune.verification.reference import Batch, InputSpec

SEED = 0
OPEN_SIZE = 32
_FIX = "pass inputs=x_test[:8], a dict by input name, a batched tf.data.Dataset, or nothing"


def check_sizes(specs: Sequence[TensorSpec], path: str) -> None:
    """Raise FileError if an input of the file can't hold a single value."""
    for spec in specs:
        if 0 in spec.shape:
            found = f"its input {spec.name!r} of shape {spec.shape} holds no values"
            raise FileError(f"verify {path}", found, "convert the model again")


def given_batches(data: Any, specs: Sequence[InputSpec], samples: int) -> list[Batch]:
    """Cut what the user gave into at most `samples` samples, in batches of the file's size.

    Raises:
        PruneError: there is no data, or it does not fit the inputs.
    """
    if hasattr(data, "element_spec"):
        data = data.take(samples)
    elif hasattr(data, "__array__"):
        data = np.asarray(data)[: max(samples, specs[0].shape[0] or 1)]
    try:
        batches = parse(data, tuple(specs))
    except PruneError as error:
        raise PruneError(f"verify on {type(data).__name__}", error.found, _FIX) from error
    size = max(1, len(next(iter(batches[0].values()))))
    return batches[: max(1, math.ceil(samples / size))]


def random_batches(
    specs: Sequence[InputSpec], places: Sequence[TensorSpec], tflite: TFLiteModel, samples: int
) -> tuple[list[Batch], str]:
    """Draw batches from seed 0, and say how.

    Floats are uniform in [0, 1), or in the range that the file quantizes its input to; integers
    may be indices of a table, so they are 0 or 1. Sizes that both sides leave open are 32.
    """
    generator = np.random.default_rng(SEED)
    size = specs[0].shape[0] or 1
    ranges = [input_range(place, tflite) for place in places]
    batches = [
        {
            spec.name: _draw(spec, place, limits, generator)
            for spec, place, limits in zip(specs, places, ranges, strict=True)
        }
        for _ in range(max(1, math.ceil(samples / size)))
    ]
    words = " and ".join(f"[{low:.3g}, {high:.3g}]" for low, high in dict.fromkeys(ranges))
    return batches, f"{len(batches) * size} random samples, seed {SEED}, floats in {words}"


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
    spec: InputSpec,
    place: TensorSpec,
    limits: tuple[float, float],
    generator: np.random.Generator,
) -> np.ndarray:
    shape = [
        wanted or (OPEN_SIZE if axis in place.open_axes and axis else place.shape[axis])
        for axis, wanted in enumerate(spec.shape)
    ]
    if "float" in spec.dtype:
        return generator.uniform(*limits, size=shape).astype(np.float32)
    return generator.integers(0, 2, shape).astype(spec.dtype)
