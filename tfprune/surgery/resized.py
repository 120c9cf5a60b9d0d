"""Resized: a composite layer with smaller layers inside than its own config could say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tfprune.channels import INNER_SIZES, Call, Flow
from tfprune.errors import PruneError
from tfprune.keras_facts import sublayers
from tfprune.keras_internals import replace_layer
from tfprune.wrapping import Around

Sizes = Mapping[str, Mapping[str, int]]


@keras.saving.register_keras_serializable("tfprune")
class Resized(Around):
    """A composite layer in which some layers have other sizes.

    Layers such as keras_hub's TransformerEncoder make the layers inside them from a few numbers:
    the size of a head is the width of the input divided by the number of heads. With fewer heads
    of the same size no such numbers exist. This layer builds the composite as it was, puts layers
    of the given sizes in place of some of those inside, and then calls it. It takes the name, the
    call signature and the dtype policy of its layer, and is saved and loaded with the model: where
    tfprune is imported after Keras, `keras.saving.load_model` knows it.

    `channel_flow` of a composite asks for it with `call.inner_setting(part, key, units)`.

    Args:
        layer: The composite layer, not built or not used elsewhere: it is changed.
        inner_sizes: Names of the layers on the way, `"block_1/attention"` → entries of that layer's
            config that change; `input_dim` stands for the width of what it reads.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        PruneError: the composite has no layer of that name.

    Example:
        >>> import keras_hub
        >>> import numpy as np
        >>> encoder = keras_hub.layers.TransformerEncoder(intermediate_dim=8, num_heads=4)
        >>> smaller = Resized(encoder, {
        ...     "self_attention_layer": {"num_heads": 3},
        ... })
        >>> smaller(np.ones((1, 2, 16))).shape  # three heads of 16 / 4 numbers
        TensorShape([1, 2, 16])
    """

    def __init__(self, layer: Any, inner_sizes: Sizes, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.inner_sizes = {part: dict(changes) for part, changes in inner_sizes.items()}
        self.borrow_build()
        self._swapped = False
        if layer.built:
            self._swap_all()

    def build(self, *shapes: Any, **named_shapes: Any) -> None:
        """Build the composite as it was, and put the smaller layers into it."""
        if not self.layer.built and type(self.layer).build is not keras.layers.Layer.build:
            self.layer.build(*shapes, **named_shapes)
        if not self._swapped:
            self._swap_all()

    def channel_flow(self, call: Call) -> list[Flow]:
        """Let the units flow as in the composite, so that it can be pruned again."""
        return call.inside(self.layer, "layer", "config")

    def get_config(self) -> dict[str, Any]:
        """Return the composite as it was, serialized, and the sizes."""
        layer = keras.saving.serialize_keras_object(self.layer)
        layer.pop("build_config", None)
        sizes = {part: dict(changes) for part, changes in self.inner_sizes.items()}
        return {**super().get_config(), "layer": layer, INNER_SIZES: sizes}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Resized:
        """Build the layer from `get_config()`."""
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})

    def _swap_all(self) -> None:
        for path, changes in self.inner_sizes.items():
            parent, part = _find(self.layer, path)
            _swap(parent, part, _another(part, changes))
        self._swapped = True


def _find(layer: Any, path: str) -> tuple[Any, Any]:
    """Return the layer at a path of names inside a composite, and the layer that holds it."""
    parent, part = layer, layer
    for name in path.split("/"):
        found = [child for child in sublayers(part) if child.name == name]
        if len(found) != 1:
            raise PruneError(
                f"resize {path!r} in {layer.name}",
                f"{len(found)} layers inside {part.name} are called {name!r}",
                "load the model with the version of its library that it was pruned with",
            )
        parent, part = part, found[0]
    return parent, part


def _another(part: Any, changes: Mapping[str, int]) -> Any:
    """Return a layer like one inside a composite, of another size; built if that one is."""
    entries = {key: value for key, value in changes.items() if key != "input_dim"}
    new = type(part).from_config({**part.get_config(), **entries})
    if part.built:
        shapes = part.get_build_config()
        if "input_dim" in changes:
            shapes = {"input_shape": (*shapes["input_shape"][:-1], changes["input_dim"])}
        new.build_from_config(shapes)
    return new


def _swap(parent: Any, old: Any, new: Any) -> None:
    """Put a layer in the place of another: in Keras' list of layers, and in every attribute."""
    replace_layer(parent, old, new)
    for name, value in list(vars(parent).items()):
        if value is old:
            setattr(parent, name, new)
        elif isinstance(value, list):
            for i, entry in enumerate(value):
                if entry is old:
                    value[i] = new
