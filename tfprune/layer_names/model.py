"""The names in a model: where each layer and operation stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras

from tfprune.keras_internals import direct_layers
from tfprune.layer_names.places import Path, Place


def inner_path(path: Path, name: str) -> Path:
    """Return the path of a layer of this name inside another.

    A wrapper that bears its layer's name adds no part, so that names stay what they were.

    Example:
        >>> inner_path(("backbone",), "conv"), inner_path(("conv",), "conv")
        (('backbone', 'conv'), ('conv',))
    """
    return path if path and name == path[-1] else (*path, name)


class Names:
    """Every layer in a model and every operation in its graphs, with all places of each.

    Args:
        model: A Keras or tf_keras model; None if it is not known, so that nothing stands in it.

    Example:
        >>> layers = [keras.Input((4,)), keras.layers.Dense(4, name="f0")]
        >>> inner = keras.Sequential(layers, name="net")
        >>> names = Names(keras.Sequential([inner]))
        >>> [str(place) for place in names.of(inner.layers[0])]
        ['net/f0']
    """

    def __init__(self, model: Any | None) -> None:
        self.known = model is not None
        self._places: dict[int, list[Place]] = {}
        self._at: dict[Path, list[Any]] = {}
        for path, operation in () if model is None else _walk(model, (), (id(model),)):
            self._at.setdefault(path, []).append(operation)
        for path, operations in self._at.items():
            place = Place(path, tuple(name for one in operations for name in _own_variables(one)))
            for operation in operations:
                self._places.setdefault(id(operation), []).append(place)

    def of(self, operation: Any) -> tuple[Place, ...]:
        """Return the places of a layer or an operation, none if it is not in the model."""
        return tuple(self._places.get(id(operation), ()))

    def path_of(self, operation: Any) -> str:
        """Return the first path of a layer or an operation in words, else its name.

        A report or an error calls a layer so.
        """
        return next(map(str, self.of(operation)), str(operation.name))

    def at(self, path: Path) -> tuple[Place, ...]:
        """Return the places of what stands at a path, or at the only one that ends like it."""
        ends = [path] if path in self._at else [p for p in self._at if p[-len(path) :] == path]
        found = self._at[ends[0]] if len(ends) == 1 else []
        return tuple(dict.fromkeys(place for one in found for place in self.of(one)))

    def places(self) -> list[Place]:
        """Return all places."""
        return list(dict.fromkeys(place for places in self._places.values() for place in places))

    def where(self, fits: Callable[[Any], bool]) -> list[Path]:
        """Return the paths of the layers for which a function holds."""
        return [
            path
            for path, operations in self._at.items()
            if any(_is_layer(one) and fits(one) for one in operations)
        ]

    def around(self, place: Place) -> list[Any]:
        """Return what stands at a place, and the layers around it."""
        path = place.path
        return [one for end in range(1, len(path) + 1) for one in self._at.get(path[:end], ())]


def _walk(layer: Any, path: Path, around: tuple[int, ...]) -> Iterator[tuple[Path, Any]]:
    for child in _inside(layer):
        if id(child) not in around:
            inner = inner_path(path, child.name)
            yield inner, child
            yield from _walk(child, inner, (*around, id(child)))


def _inside(layer: Any) -> list[Any]:
    """Return the layers inside one, and the operations in the graph of a Functional model."""
    if not _is_layer(layer):
        return []
    inside = direct_layers(layer)
    if isinstance(layer, keras.Function):
        known = {id(child) for child in inside}
        inside += [one for one in layer.operations if id(one) not in known]
    return [one for one in inside if type(one).__name__ != "InputLayer"]


def _is_layer(operation: Any) -> bool:
    """Whether it is a layer, of Keras or tf_keras, and no operation of `keras.ops`."""
    return isinstance(operation, keras.layers.Layer) or not isinstance(operation, keras.Operation)


def _own_variables(layer: Any) -> list[str]:
    """Return the names of a layer's variables, without those of the layers inside it."""
    if not _is_layer(layer):
        return []
    below = {id(variable) for child in direct_layers(layer) for variable in child.variables}
    own = (variable for variable in layer.variables if id(variable) not in below)
    return list(dict.fromkeys(v.name.rpartition("/")[2].partition(":")[0] for v in own))
