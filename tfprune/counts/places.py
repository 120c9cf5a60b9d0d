"""Where a layer stands in a model: its name, and the layer whose row it shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

from tfprune.keras_facts import sublayers


@dataclass(frozen=True)
class Place:
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
    around: Place | None

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


def places_in(model: Any) -> dict[int, Place]:
    """Return the place of each layer by its id; a layer that stands twice has its first."""
    places: dict[int, Place] = {}
    for place in _walk(Place(model, (), id(model), None), set()):
        places[id(place.layer)] = place
    return places


def _walk(place: Place, visited: set[int]) -> Iterator[Place]:
    if id(place.layer) in visited:
        return
    visited.add(id(place.layer))
    yield place
    for child in sublayers(place.layer):
        same = bool(place.path) and child.name == place.path[-1]
        path = place.path if same else (*place.path, child.name)
        yield from _walk(Place(child, path, place.key if same else id(child), place), visited)
