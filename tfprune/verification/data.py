"""The batches both sides are run on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfprune.errors import FileError, PruneError
from tfprune.export.calibration import samples as parse
from tfprune.runners import OPEN_SIZES, TensorSpec
from tfprune.tflite.model import TFLiteModel
from tfprune.verification.reference import Batch, InputSpec, Outputs, call

SEED = 0
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
    specs: Sequence[InputSpec],
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
    specs: Sequence[InputSpec],
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
    spec: InputSpec,
    place: Sequence[int],
    limits: tuple[float, float],
    generator: np.random.Generator,
) -> np.ndarray:
    shape = [wanted or place[axis] for axis, wanted in enumerate(spec.shape)]
    if "float" in spec.dtype:
        return generator.uniform(*limits, size=shape).astype(np.float32)
    return generator.integers(0, 2, shape).astype(spec.dtype)
