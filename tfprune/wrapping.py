"""Layers of ours that take the place of another layer, and what each of them is there for.

What a layer is for is declared by its class, here, below the rooms that must know it: a layer of
the user's own that happens to have an attribute of the same name is nothing special.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import keras

from tfprune.errors import PruneError, first_line
from tfprune.keras_internals import layers_of, take_input_shape


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


class Holding(Around):
    """A layer around another whose kernels it holds to something while they train.

    The layer inside computes as ever: what it is held to stands in its own kernels.
    """

    def hold(self) -> None:
        """Add the variables and constraints that hold the kernels of the layer, now built, once."""
        raise NotImplementedError

    def build(self, *shapes: Any, **named_shapes: Any) -> None:
        """Build the wrapped layer and hold its kernels."""
        if not is_built(self.layer):
            build_inside(self.layer, shapes, named_shapes)
        self.hold()

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output shape of the wrapped layer."""
        return self.layer.compute_output_shape(*args, **kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the output shapes and dtypes of the wrapped layer."""
        return self.layer.compute_output_spec(*args, **kwargs)

    def build_from_config(self, config: Any) -> None:
        """Build from `get_build_config()`, unless the wrapped layer has done so already."""
        if config and not is_built(self.layer):
            self.build(**config.get("shapes_dict", config))
        elif is_built(self.layer):
            self.build()


class Masking(Holding):
    """A layer around another whose kernels it holds under pruning masks."""

    def rules_in_force(self) -> dict[int, Any]:
        """Return id of a variable → the rule that prunes it."""
        raise NotImplementedError


class Clustering(Holding):
    """A layer around another whose kernels it holds to a few values."""


class ClusterConstraint(keras.constraints.Constraint):
    """The constraint of a kernel that is held to a few values."""


class HoldsRange:
    """A layer that holds the range of an int8 tensor."""

    range_is_known: Any
    """Whether the range is fixed or has been learned."""


def bare(layer: Any) -> Any:
    """Return the layer itself, without the wrapper that holds its kernels under masks, or so."""
    while isinstance(layer, Holding):
        layer = layer.layer
    return layer


def is_built(layer: Any) -> bool:
    """Whether a layer and those inside it are built."""
    return all(part.built for part in layers_of(layer))


def build_inside(layer: Any, shapes: tuple[Any, ...], named_shapes: dict[str, Any]) -> None:
    """Build a layer and those inside it, never twice: `build` of a user may have no guard."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of layers without a `build` of their own
            if not layer.built:
                layer.build(*shapes, **named_shapes)
        if not is_built(layer):
            given = [*shapes, *named_shapes.values()]
            inputs = keras.tree.map_shape_structure(keras.KerasTensor, given)
            layer.compute_output_spec(*inputs)  # runs `call`, which builds the layers inside
    except Exception as error:  # the layer's own code, with any error of its own
        raise PruneError(
            f"build {type(layer).__name__} {layer.name!r} in its wrapper",
            first_line(error),
            "call the layer on data once, and wrap it then",
        ) from error


def _calling(layer: Any) -> Callable[..., Any]:
    """Return a function with the signature of `layer.call` that calls the layer."""

    @functools.wraps(layer.call)
    def call(*args: Any, **kwargs: Any) -> Any:
        return layer(*args, **kwargs)

    return call
