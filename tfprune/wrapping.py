"""Layers of ours that take the place of another layer, and what each of them is there for.

What a layer is for is declared by its class, here, below the rooms that must know it: a layer of
the user's own that happens to have an attribute of the same name is nothing special.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras

from tfprune.keras_internals import take_input_shape


class Around(keras.layers.Layer):
    """A layer around another: it bears its name and takes its call signature and dtype policy.

    Losses keyed by output name, `get_layer`, Keras masks, several inputs and `training` work as
    before, since Keras reads the signature of `call` to know what to pass.

    Args:
        layer: The layer, or an operation, inside.
        call: What a call does; None calls the layer. It has the signature that Keras reads.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, layer: Any, call: Callable[..., Any] | None = None, **kwargs: Any) -> None:
        # Keras reads the signature of `call` in Layer.__init__: it must stand before.
        object.__setattr__(self, "call", _calling(layer) if call is None else call)
        kwargs.setdefault("name", layer.name)
        is_layer = isinstance(layer, keras.layers.Layer)
        if is_layer:
            kwargs.setdefault("dtype", layer.dtype_policy)
        keras.layers.Layer.__init__(self, **kwargs)
        self.layer = layer
        self.supports_masking = is_layer and layer.supports_masking
        if is_layer:
            take_input_shape(self, layer)

    def borrow_build(self) -> None:
        """Give `build` the signature of the layer's, which Keras reads to pass the right shapes."""
        self.build.__signature__ = inspect.signature(self.layer.build)

    def compute_mask(self, *args: Any, **kwargs: Any) -> Any:
        """Return the Keras mask of the layer inside."""
        return self.layer.compute_mask(*args, **kwargs)

    def get_build_config(self) -> Any:
        """Return what the layer inside needs to be built again."""
        return self.layer.get_build_config()


class Masking(Around):
    """A layer around another whose kernels it holds under pruning masks."""

    def rules_in_force(self) -> dict[int, Any]:
        """Return id of a variable → the rule that prunes it."""
        raise NotImplementedError


class HoldsRange:
    """A layer that holds the range of an int8 tensor."""

    range_is_known: Any
    """Whether the range is fixed or has been learned."""


def without_masks(layer: Any) -> Any:
    """Return the layer itself, without the wrapper that carries its pruning masks."""
    while isinstance(layer, Masking):
        layer = layer.layer
    return layer


def _calling(layer: Any) -> Callable[..., Any]:
    """Return a function with the signature of `layer.call` that calls the layer."""

    @functools.wraps(layer.call)
    def call(*args: Any, **kwargs: Any) -> Any:
        return layer(*args, **kwargs)

    return call
