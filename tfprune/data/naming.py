"""Bring the inputs of one element to arrays by input name, each with a batch axis."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tfprune.data.forms import Element
from tfprune.data.nested import is_leaf, leaves, mapped
from tfprune.data.wanted import Input, Wanted
from tfprune.notes import Note

if TYPE_CHECKING:
    from typing_extensions import Self

Array = NDArray[Any]
B = TypeVar("B", bound="Batch")


@dataclass(frozen=True)
class Batch:
    """Rows that go through a model at once.

    Args:
        inputs: Arrays by input name, in the model's order and types, batch first; of a model that
            does not know its inputs by the names of a dict, else `input_0`, `input_1`, ...
        targets: Arrays nested as given, or None.
        weights: Likewise.
    """

    inputs: dict[str, Array]
    targets: Any = None
    weights: Any = None

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def rows(self, start: int, stop: int) -> Self:
        """Return the rows from `start` to before `stop`, as views."""
        return self.mapped(lambda array: array[start:stop])

    def mapped(self, function: Callable[..., Any], *others: Batch) -> Self:
        """Return the batch with what a function makes of each array, and of those of others."""
        every: tuple[Batch, ...] = (self, *others)
        return replace(
            self,
            inputs=mapped(function, *(own.inputs for own in every)),
            targets=mapped(function, *(own.targets for own in every)),
            weights=mapped(function, *(own.weights for own in every)),
        )


@dataclass(frozen=True)
class Part(Batch):
    """Rows as they came.

    Args:
        sample: Whether they are one sample that came without a batch axis.
    """

    sample: bool = False

    def like(self, other: Part) -> bool:
        """Whether rows of both can lie in one batch."""
        return [a.shape[1:] for a in self.inputs.values()] == [
            a.shape[1:] for a in other.inputs.values()
        ] and [np.shape(a)[1:] for a in leaves(self.targets)] == [
            np.shape(a)[1:] for a in leaves(other.targets)
        ]


def joined(parts: Sequence[B]) -> B:
    """Return the rows of all parts, one after the other."""
    first, *others = parts
    return first.mapped(lambda *arrays: np.concatenate(arrays), *others) if others else first


def part_of(element: Element, wanted: Wanted, notes: list[Note]) -> Part:
    """Return one element with its inputs by name.

    Raises:
        PruneError: names, counts or shapes are not those of the model's inputs.
    """
    x, targets, weights = element
    if wanted.inputs is None:
        named = {name: _array(value, name, wanted) for name, value in _unknown(x).items()}
        part = Part(named, _arrays(targets), _arrays(weights))
    else:
        given = _by_name(x, wanted, notes)
        fitted = [
            _with_batch(_array(given[spec.name], spec.name, wanted), spec, wanted)
            for spec in wanted.inputs
        ]
        samples = {sample for _, sample in fitted}
        if len(samples) > 1:
            shapes = ", ".join(f"{s.name!r} {np.shape(given[s.name])}" for s in wanted.inputs)
            raise wanted.error(f"some inputs have a batch axis and some have none: {shapes}")
        inputs = {s.name: array for s, (array, _) in zip(wanted.inputs, fitted, strict=True)}
        sample = samples == {True}
        targets, weights = (_arrays(own, sample) for own in (targets, weights))
        part = Part(inputs, targets, weights, sample)
    _check_rows(part, wanted)
    return part


def _unknown(x: Any) -> dict[str, Any]:
    if isinstance(x, Mapping):
        return dict(x)
    parts = [x] if is_leaf(x) else list(x)
    return {f"input_{i}": part for i, part in enumerate(parts)}


def _by_name(x: Any, wanted: Wanted, notes: list[Note]) -> dict[str, Any]:
    inputs = wanted.inputs or ()
    if isinstance(x, Mapping):
        return _of_mapping(x, inputs, wanted, notes)
    parts = [x] if is_leaf(x) or not isinstance(x, (list, tuple)) else list(x)
    if len(parts) != len(inputs):
        counted = "1 array" if len(parts) == 1 else f"{len(parts)} arrays"
        several = "1 input" if wanted.single else f"{len(inputs)} inputs"
        fix = "pass a list with one array per input, or a dict by input name"
        found = f"{counted} came, the model has {several}: {wanted.names}"
        raise wanted.error(found, fix)
    return dict(zip(wanted.names, parts, strict=True))


def _of_mapping(
    x: Mapping[str, Any], inputs: Sequence[Input], wanted: Wanted, notes: list[Note]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    used = set()
    for spec in inputs:
        name = next((n for n in (spec.name, *spec.aliases) if n in x), None)
        if name is None:
            near = difflib.get_close_matches(spec.name, map(str, x), n=1)
            hint = f"name {near[0]!r} {spec.name!r}" if near else f"add the key {spec.name!r}"
            names = f"arrays named {sorted(map(str, x))}; the model's inputs are called"
            raise wanted.error(f"{names} {wanted.names}", hint)
        found[spec.name] = x[name]
        used.add(name)
    more = sorted(str(name) for name in x if name not in used)
    if more:
        note = Note("data", f"not used: {more}, for the model's inputs are {wanted.names}")
        if note not in notes:
            notes.append(note)
    return found


def _with_batch(array: Array, spec: Input, wanted: Wanted) -> tuple[Array, bool]:
    """Return an array with its batch axis, and whether it was one sample without.

    As in Keras (`Functional._adjust_input_rank`) a last axis of one may be left out or added.
    """
    rest, ndim = spec.shape[1:], array.ndim - len(spec.shape)
    thin = bool(rest) and rest[-1] == 1
    if ndim == 0 and _fits(array.shape[1:], rest):
        return array, False
    if ndim == -1 and _fits(array.shape, rest):
        return array[None], True
    if ndim == -1 and thin and _fits(array.shape[1:], rest[:-1]):
        return array[..., None], False
    if ndim == -2 and thin and _fits(array.shape, rest[:-1]):
        return array[None, ..., None], True
    if ndim == 1 and array.shape[-1] == 1 and _fits(array.shape[1:-1], rest):
        return array[..., 0], False
    raise wanted.error(
        f"the input {spec.name!r} got an array of shape {array.shape}, the model takes "
        f"samples of shape {tuple(rest)}",
        "pass preprocessed inputs, exactly as the model sees them in training",
    )


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(
        own in (None, size) for own, size in zip(wanted, shape, strict=True)
    )


def _array(value: Any, name: str, wanted: Wanted) -> Array:
    try:
        array = np.asarray(value)
    except Exception as error:  # ragged and sparse tensors, lists of unequal length
        raise wanted.error(f"{name!r} got a {type(value).__name__}: no array of numbers") from error
    spec = next((s for s in wanted.inputs or () if s.name == name), None)
    text = spec is not None and spec.dtype == "string"
    if array.dtype.kind in "OSUVMm" and array.dtype.name not in ("bfloat16",) and not text:
        raise wanted.error(f"{name!r} got a {type(value).__name__}: no array of numbers")
    return array


def _arrays(nest: Any, sample: bool = False) -> Any:
    """Return targets or weights as arrays with a batch axis, in the floats Keras would take."""

    def of_leaf(value: Any) -> Array:
        array = np.asarray(value)
        array = array[None] if sample else array
        return array.astype(np.float32) if array.dtype == np.float64 else array

    return mapped(of_leaf, nest)


def _check_rows(part: Part, wanted: Wanted) -> None:
    counts = {name: np.shape(array)[:1] for name, array in part.inputs.items()}
    for what, nest in (("targets", part.targets), ("sample weights", part.weights)):
        counts.update({f"{what} {i}": np.shape(a)[:1] for i, a in enumerate(leaves(nest))})
    if len(set(counts.values())) > 1:
        rows = ", ".join(f"{name} {shape[0] if shape else 'no'}" for name, shape in counts.items())
        raise wanted.error(
            f"unequal numbers of rows: {rows}", "give each row a value for every input and target"
        )
