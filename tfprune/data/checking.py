"""See whether values can be what a model was made for: numbers, in range, of about that width."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.data.naming import Part
from tfprune.data.nested import leaves
from tfprune.data.wanted import Input, Wanted
from tfprune.errors import PruneError
from tfprune.notes import Note

WIDE = 100.0
"""How many times wider than in training data may be before it is told."""

_CHUNK = 1 << 22
_FINITE = "drop or repair these rows; np.isfinite finds them"

Array = NDArray[Any]


def checked(part: Part, wanted: Wanted) -> Part:
    """Return a part whose inputs have the model's dtypes.

    Targets may hold NaN, for a loss of the user's own may read it as "not labelled".

    Raises:
        PruneError: inputs or weights hold NaN or infinite values, or values outside the type or
            the table of an input; the input and the count are named.
    """
    specs = {spec.name: spec for spec in wanted.inputs or ()}
    inputs = {}
    for name, array in part.inputs.items():
        check_finite(array, f"the input {name!r}", wanted)
        inputs[name] = _as_wanted(array, specs.get(name), name, wanted)
    for array in leaves(part.weights):
        check_finite(array, "sample_weight", wanted)
    return Part(inputs, part.targets, part.weights, part.sample)


def check_finite(array: Array, what: str, wanted: Wanted) -> None:
    """Raise PruneError if an array holds NaN or infinite values, with how many."""
    if array.dtype.kind not in "fc" and array.dtype.name != "bfloat16":
        return
    flat = array.reshape(-1)
    nan = infinite = 0
    for start in range(0, flat.size, _CHUNK):
        some = flat[start : start + _CHUNK]
        if not np.isfinite(some).all():
            nan += int(np.isnan(some).sum())
            infinite += int(np.isinf(some).sum())
    if nan or infinite:
        counts = [f"{n} {word}" for n, word in ((nan, "NaN"), (infinite, "infinite")) if n]
        held = f"{' and '.join(counts)} among its {flat.size} values"
        raise wanted.error(f"{what} holds {held}", _FINITE)


def _as_wanted(array: Array, spec: Input | None, name: str, wanted: Wanted) -> Array:
    if spec is None:
        return array.astype(np.float32) if array.dtype == np.float64 else array
    if spec.dtype == "string":
        return array
    if array.dtype.name != spec.stored:
        array = _cast(array, np.dtype(spec.dtype), name, wanted)
    if spec.rows is not None and array.size:
        _check_ids(array, spec, wanted)
    return array


def _cast(array: Array, dtype: np.dtype[Any], name: str, wanted: Wanted) -> Array:
    """Return an array in another type, if that keeps its values."""
    if array.dtype == dtype:
        return array
    if dtype.kind in "iub":
        _check_integers(array, dtype, name, wanted)
        return array.astype(dtype)
    with np.errstate(over="ignore"):
        found = array.astype(dtype)
    lost = int((~np.isfinite(found)).sum())
    if lost:
        what = f"the input {name!r} holds {lost} values that {dtype.name} cannot"
        raise wanted.error(f"{what} (the largest is {np.abs(array).max():.3g})", "scale the data")
    return found


def _check_integers(array: Array, dtype: np.dtype[Any], name: str, wanted: Wanted) -> None:
    """Raise PruneError if values would change as integers or booleans of that type."""
    if array.dtype.kind == "b" or not array.size:
        return
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    outside = int(((array < low) | (array > high)).sum())
    if outside:
        found = f"{outside} values outside of {low} to {high}, its range as {dtype.name}"
        raise _no_integers(name, found, wanted)
    if array.dtype.kind == "f" and (broken := int((array != np.trunc(array)).sum())):
        raise _no_integers(name, f"{broken} fractions, the model takes {dtype.name}", wanted)


def _no_integers(name: str, found: str, wanted: Wanted) -> PruneError:
    return wanted.error(f"the input {name!r} holds {found}", "pass it as the model takes it")


def _check_ids(array: Array, spec: Input, wanted: Wanted) -> None:
    rows = spec.rows or 0
    outside = int(((array < 0) | (array >= rows)).sum())
    if outside:
        ids = "1 id" if outside == 1 else f"{outside} ids"
        raise wanted.error(
            f"the input {spec.name!r} holds {ids} outside of 0 to {rows - 1}, the rows of "
            f"{spec.table!r} (from {array.min()} to {array.max()})",
            "number the ids as in training, with one for unknown words",
        )


class Widths:
    """How wide the inputs are, beside what layers right behind them saw in training."""

    def __init__(self, inputs: tuple[Input, ...] | None) -> None:
        self._known = [spec for spec in inputs or () if spec.usual is not None]
        self._sums = {spec.name: [0.0, 0.0] for spec in self._known}

    def add(self, part: Part) -> None:
        """Add a batch."""
        for spec in self._known:
            if spec.usual is not None:
                values = np.asarray(part.inputs[spec.name], np.float64)
                sums = self._sums[spec.name]
                sums[0] += float(np.square(values - spec.usual.mean).sum())
                sums[1] += values.size

    def notes(self) -> list[Note]:
        """Return a note for each input that is a hundred times wider than in training.

        Its root mean square distance from the remembered mean, over the root of the mean of the
        remembered variance.
        """
        return [note for spec in self._known for note in self._note(spec)]

    def _note(self, spec: Input) -> list[Note]:
        total, count = self._sums[spec.name]
        variance = 0.0 if spec.usual is None else float(np.mean(spec.usual.variance))
        if spec.usual is None or not count or variance <= 0:
            return []
        times = (total / count / variance) ** 0.5
        if times <= WIDE:
            return []
        reason = f"{times:.0f} times wider than what {spec.usual.layer!r} saw in training"
        return [Note(spec.name, f"this data is {reason}: is it preprocessed as it was then?")]
