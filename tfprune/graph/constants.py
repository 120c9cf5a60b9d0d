"""Layers inside a composite that are called with constants, as position embeddings are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf


@contextmanager
def constants_in_graph(composite: Any, tensor: Any) -> Iterator[None]:
    """Let layers that a composite holds in its attributes leave calls with constants in the graph.

    `self.positions(ops.arange(10))` would be computed at once, and a graph would hold its present
    value instead of the layer. A zero that is made of an input puts it in the graph; converters
    fold it away.

    Args:
        composite: The layer that is about to be called symbolically; as it was afterwards.
        tensor: One of the symbolic tensors that it is called with.
    """
    attributes = vars(composite)
    held = {
        name: value
        for name, value in attributes.items()
        if isinstance(value, keras.layers.Layer) and value.weights
    }
    attributes.update({name: _Standing(layer, tensor) for name, layer in held.items()})
    try:
        yield
    finally:
        attributes.update(held)


class _Standing:
    """Stands for a layer: its attributes are the layer's, calls with constants become symbolic."""

    def __init__(self, layer: Any, tensor: Any) -> None:
        self._layer = layer
        self._tensor = tensor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        flat = keras.tree.flatten((args, kwargs))
        if not any(isinstance(value, keras.KerasTensor) for value in flat):
            args, kwargs = keras.tree.map_structure(self._symbolic, (args, kwargs))
        return self._layer(*args, **kwargs)

    def _symbolic(self, value: Any) -> Any:
        if not tf.is_tensor(value):
            return value
        zero = keras.ops.zeros_like(keras.ops.sum(self._tensor), dtype=value.dtype.name)
        return value + zero
