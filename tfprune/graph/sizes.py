"""FittingSizes for tensors that leave some open: the inputs of a call must fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from tfprune.graph.structure import room_to_recurse
from tfprune.keras_internals import node_behind

SIZES = (16, 64, 128)
"""Tried in this order: most code runs at 16, what is halved five times needs more."""


class FittingSizes:
    """Closed shapes of tensors of graphs, for inputs of one open size.

    Example:
        >>> image = keras.Input((None, None, 3))
        >>> half = keras.layers.MaxPooling2D(2)(image)
        >>> [tuple(tensor.shape) for tensor in FittingSizes().closed([image, half], 16)]
        [(None, 16, 16, 3), (None, 8, 8, 3)]
    """

    def __init__(self) -> None:
        self._inside: dict[int, tuple[Any, Any]] = {}

    def tell(self, tensor: Any, outer: Any) -> None:
        """Say that an input of a graph behind a layer stands for this tensor outside."""
        self._inside[id(tensor)] = tensor, outer

    def closed(self, tensors: Sequence[Any], size: int) -> list[Any]:
        """Return symbolic tensors like these, of known lengths but for the examples.

        Args:
            tensors: Tensors of one graph.
            size: The length wherever an input of the outermost model has none.
        """
        if all(None not in tensor.shape[1:] for tensor in tensors):
            return list(tensors)
        sources = _sources(tensors)
        given = [self._source(tensor, size) for tensor in sources]
        if all(any(tensor is source for source in sources) for tensor in tensors):
            return [given[_place(tensor, sources)] for tensor in tensors]
        calls = sources, list(tensors)
        with room_to_recurse(1000):
            return list(keras.Function(*calls).compute_output_spec(given))

    def _source(self, tensor: Any, size: int) -> Any:
        if id(tensor) in self._inside:
            return self.closed([self._inside[id(tensor)][1]], size)[0]
        shape = [size if length is None else length for length in tensor.shape[1:]]
        return keras.KerasTensor((tensor.shape[0], *shape), tensor.dtype)


def _place(tensor: Any, tensors: Sequence[Any]) -> int:
    return next(place for place, each in enumerate(tensors) if each is tensor)


def _sources(tensors: Sequence[Any]) -> list[Any]:
    """Return the inputs that these tensors are computed from."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in seen:
            continue
        seen.add(id(tensor))
        node = node_behind(tensor)
        if node is None or node.is_input:
            found[id(tensor)] = tensor
        else:
            waiting += node.input_tensors
    return list(found.values())
