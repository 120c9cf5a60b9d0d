"""The batches both sides are run on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.data import Batches, Input, Wanted
from tfprune.errors import FileError, ProcessDied, PruneError
from tfprune.graph import outputs_of
from tfprune.notes import Note
from tfprune.runners import OPEN_SIZES, TensorSpec
from tfprune.tflite.model import TFLiteModel
from tfprune.verification.ranges import fitting_spread, input_range, shrunk
from tfprune.verification.reference import Arrays, Outputs, call
from tfprune.verification.tolerance import precision_of

SEED = 0
_BLIND = (
    "random data inside the ranges that the file was calibrated for: what real data lose beyond "
    "them is not seen; give real inputs"
)


@dataclass(frozen=True, kw_only=True)
class Draw:
    """The file that inputs are drawn for.

    Args:
        path: Where it lies.
        tflite: What it holds.
        places: Its inputs.
        order: The position there of each Keras input.
        samples: How many samples are wanted.
        runtime: As in `verify`.
    """

    path: str
    tflite: TFLiteModel
    places: Sequence[TensorSpec]
    order: Mapping[str, int]
    samples: int
    runtime: str


def check_sizes(specs: Sequence[TensorSpec], path: str) -> None:
    """Raise FileError if an input of the file can't hold a single value."""
    for spec in specs:
        if 0 in spec.shape:
            found = f"its input {spec.name!r} of shape {spec.shape} holds no values"
            raise FileError(f"verify {path}", found, "convert the model again")


def given_batches(
    data: Any, specs: Sequence[Input], model: Any, samples: int
) -> tuple[list[Arrays], tuple[Note, ...]]:
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
    batches = Batches(
        data, Wanted(asked=asked, inputs=tuple(specs), outputs=outputs_of(model), rows=samples)
    )
    return [batch.inputs for batch in batches], tuple(batches.notes)


def drawn(
    model: Any, specs: Sequence[Input], place: Draw
) -> tuple[list[Arrays], str, Outputs, list[Note]]:
    """Draw batches that the model can run on, from seed 0.

    Floats are uniform in [0, 1), or in the range that the file quantizes its input to, and drawn
    towards 0 until they stay inside the ranges of an integer file; integers may be indices of a
    table, so they are 0 or 1. Sizes that both sides leave open get the first of `OPEN_SIZES` that
    the model bears.

    Returns:
        The batches, how they were drawn, what the model makes of them, and what to know.

    Raises:
        PruneError: it bears no size.
    """
    places = [place.places[place.order[spec.name]] for spec in specs]
    sizes = OPEN_SIZES if any(spec.is_open for spec in places) else OPEN_SIZES[:1]
    for size in sizes:
        batches, spread = _inside_ranges(_random(specs, places, place, size), place)
        try:
            expected = [call(model, batch) for batch in batches]
        except Exception as error:
            # Whatever a layer says of a size that it can't take; a model of fixed sizes is broken.
            if len(sizes) == 1:
                raise
            reason = str(error).splitlines()[:1]
        else:
            notes = [] if spread is None else [Note("inputs", _BLIND)]
            words = f", open sizes {size}" * any(spec.is_open for spec in places)
            return batches, _words(batches, places, place, spread or 1.0) + words, expected, notes
    raise PruneError(
        f"draw inputs for the open sizes of {model.name!r}",
        f"it runs at none of {', '.join(map(str, sizes))}: {reason[0] if reason else ''}",
        "pass inputs of a size that it takes: verify(model, path, inputs=x_test[:8])",
    )


def _inside_ranges(batches: list[Arrays], place: Draw) -> tuple[list[Arrays], float | None]:
    """Shrink what was drawn for an integer file; None for a file that has no ranges."""
    if precision_of(place.tflite) not in ("int8", "int16x8"):
        return batches, None
    try:
        spread = fitting_spread(place.path, batches, place.order, place.tflite, place.runtime)
    except ProcessDied:
        raise
    except PruneError:  # this size, or these kernels: the comparison itself will tell
        spread = 1.0
    return shrunk(batches, spread), spread


def _random(
    specs: Sequence[Input], places: Sequence[TensorSpec], place: Draw, open_size: int
) -> list[Arrays]:
    generator = np.random.default_rng(SEED)
    size = specs[0].shape[0] or 1
    ranges = [input_range(spec, place.tflite) for spec in places]
    return [
        {
            spec.name: _draw(spec, own.at(open_size), limits, generator)
            for spec, own, limits in zip(specs, places, ranges, strict=True)
        }
        for _ in range(max(1, math.ceil(place.samples / size)))
    ]


def _words(
    batches: Sequence[Arrays], places: Sequence[TensorSpec], place: Draw, spread: float
) -> str:
    count = sum(len(next(iter(batch.values()))) for batch in batches)
    ranges = dict.fromkeys(input_range(spec, place.tflite) for spec in places)
    words = " and ".join(f"[{low * spread:.3g}, {high * spread:.3g}]" for low, high in ranges)
    words = f"{count} random samples, seed {SEED}, floats in {words}"
    if spread == 1.0:
        return words
    return f"{words}: {spread:g} of its input's range, so that its own ranges hold them"


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
