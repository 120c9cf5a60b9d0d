"""Where each layer of a model stands, and the rows that grow there call by call."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfprune.counts.records import LayerCount
from tfprune.keras_facts import sublayers
from tfprune.layer_names import inner_path


@dataclass(frozen=True)
class CountedPlace:
    """Where a layer or an operation stands.

    Args:
        layer: The layer or operation.
        path: The names of the layers around it and its own, as kernels' names have them.
        key: Identifies its row; a wrapper shares the row of the layer whose name it bears.
        around: The place of the layer it is part of.
    """

    layer: Any
    path: tuple[str, ...]
    key: int
    around: CountedPlace | None

    @property
    def name(self) -> str:
        """The path, joined; for the model itself its name."""
        return "/".join(self.path) or str(self.layer.name)

    @property
    def variables(self) -> list[Any]:
        """The layer's own parameters, without those of the layers inside it."""
        if not isinstance(self.layer, keras.layers.Layer):
            return []
        inner = {id(v) for child in sublayers(self.layer) for v in child.weights}
        return [v for v in self.layer.weights if id(v) not in inner]


def places_in(model: Any) -> dict[int, CountedPlace]:
    """Return the place of each layer by its id; a layer that stands twice has its first."""
    places: dict[int, CountedPlace] = {}
    for place in _walk(CountedPlace(model, (), id(model), None), set()):
        places[id(place.layer)] = place
    return places


def _walk(place: CountedPlace, visited: set[int]) -> Iterator[CountedPlace]:
    if id(place.layer) in visited:
        return
    visited.add(id(place.layer))
    yield place
    for child in sublayers(place.layer):
        path = inner_path(place.path, child.name)
        key = place.key if path == place.path else id(child)
        yield from _walk(CountedPlace(child, path, key, place), visited)


class CountLedger:
    """The rows of a model's layers and operations, in the order in which they came up."""

    def __init__(self) -> None:
        self._rows: dict[int, LayerCount] = {}

    @property
    def rows(self) -> tuple[LayerCount, ...]:
        """One row for each place."""
        return tuple(self._rows.values())

    def holds(self, place: CountedPlace) -> bool:
        """Whether there is a row for this place."""
        return place.key in self._rows

    def add(
        self, place: CountedPlace, outputs: Sequence[Any], macs: int | None, times: int
    ) -> None:
        """Add `times` calls that return `outputs` and take `macs` each; None is unknown."""
        row = self._row(place)
        elements, size = _activations(outputs)
        self._rows[place.key] = dataclasses.replace(
            row,
            output_shape=_shape(outputs),
            macs=_plus(row.macs, macs, times),
            activations=_plus(row.activations, elements, times),
            activation_bytes=_plus(row.activation_bytes, size, times),
        )

    def show_outputs(self, place: CountedPlace, outputs: Sequence[Any]) -> None:
        """Let a row that exists show the shape of these outputs."""
        if self.holds(place) and outputs:
            row = self._row(place)
            self._rows[place.key] = dataclasses.replace(row, output_shape=_shape(outputs))

    def add_parameters(self, place: CountedPlace, variables: Sequence[Any]) -> None:
        """Add the parameters in `variables`."""
        row = self._row(place)
        self._rows[place.key] = dataclasses.replace(
            row,
            params=row.params + sum(math.prod(v.shape) for v in variables),
            bytes=row.bytes + sum(math.prod(v.shape) * _itemsize(v.dtype) for v in variables),
        )

    def _row(self, place: CountedPlace) -> LayerCount:
        kind = type(place.layer).__name__
        return self._rows.get(place.key) or LayerCount(name=place.name, op=kind, output_shape=())


def _shape(outputs: Sequence[Any]) -> tuple[int | None, ...]:
    return tuple(outputs[0].shape[1:]) if outputs else ()


def _activations(outputs: Sequence[Any]) -> tuple[int | None, int | None]:
    """Return the elements and the bytes of some tensors of one sample."""
    shapes = [output.shape for output in outputs]
    if not shapes or any(size is None for shape in shapes for size in shape):
        return None, None
    elements = [math.prod(shape) for shape in shapes]
    return sum(elements), sum(
        number * _itemsize(output.dtype) for number, output in zip(elements, outputs, strict=True)
    )


def _itemsize(dtype: str) -> int:
    """Return the bytes that one value takes; a string takes none that are known."""
    return 0 if dtype == "string" else np.dtype(keras.backend.standardize_dtype(dtype)).itemsize


def _plus(total: int | None, added: int | None, times: int) -> int | None:
    return None if total is None or added is None else total + added * times
