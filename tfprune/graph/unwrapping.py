"""A model without the wrappers that hold its kernels to something, wherever these stand in it."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph.clones import Clones
from tfprune.graph.replay import replay
from tfprune.keras_internals import layers_of
from tfprune.wrapping import Holding, build_inside


def unwrapped(model: Any, kind: type[Holding], clones: Clones, fix: str) -> Any:
    """Return a copy of a model or layer without its wrappers of one kind.

    Args:
        model: A model or layer, not changed.
        kind: The class of the wrappers.
        clones: What makes the copies, and says which values they get.
        fix: What a user can do about a layer whose own code makes such wrappers.

    Raises:
        PruneError: the model is subclassed or not built, or a layer makes such wrappers itself.
    """
    stripping = _Stripping(kind, clones, fix)
    if isinstance(model, keras.Model):
        plain = replay(model, stripping.layer)
    else:
        plain = stripping.layer(model)
        if model.built:
            config = _inner(model, kind).get_build_config() or {}
            build_inside(plain, tuple(config.get("shapes_dict", config).values()), {})
    left = [part for part in layers_of(plain) if isinstance(part, kind)]
    if left:  # made in the `build` of a layer of the user's own
        raise stripping.made_inside(_holder(plain, left[0]), left)
    clones.copy_weights()
    return plain


class _Stripping:
    def __init__(self, kind: type[Holding], clones: Clones, fix: str) -> None:
        self._kind = kind
        self._clones = clones
        self._fix = fix
        self._name = keras.saving.get_registered_name(kind)

    def layer(self, layer: Any) -> Any:
        """Return a copy of a layer without wrappers around it or inside it."""
        inner = _inner(layer, self._kind)
        parts = layers_of(inner) if isinstance(inner, keras.layers.Layer) else []
        wrappers = [part for part in parts if isinstance(part, self._kind)]
        if not wrappers:
            return self._clones.of(inner)
        # A wrapper deep inside, as in TimeDistributed(prune_low_magnitude(Dense(8))).
        copy = type(inner).from_config(self._config(inner.get_config()))
        if any(isinstance(part, self._kind) for part in layers_of(copy)):
            raise self.made_inside(inner, wrappers)
        added = {id(variable) for part in wrappers for variable in _own(part)}
        variables = [variable for variable in inner.variables if id(variable) not in added]
        kept = [part for part in parts if part not in wrappers]
        self._clones.pair(inner, copy, variables, kept)
        self._clones.compare(inner, copy, variables)
        return copy

    def _config(self, config: Any) -> Any:
        if isinstance(config, dict):
            if config.get("registered_name") == self._name:
                return self._config(config["config"]["layer"])
            return {key: self._config(value) for key, value in config.items()}
        if isinstance(config, list):
            return [self._config(value) for value in config]
        return config

    def made_inside(self, layer: Any, wrappers: list[Any]) -> PruneError:
        """Return the error of a layer whose own code makes the wrappers."""
        return PruneError(
            f"strip the layer {layer.name!r}",
            f"its own code makes the wrapper {self._kind.__name__} of {wrappers[0].name!r} anew",
            self._fix,
        )


def _own(wrapper: Any) -> list[Any]:
    """Return the variables of a wrapper itself."""
    inside = {id(variable) for variable in wrapper.layer.variables}
    return [variable for variable in wrapper.variables if id(variable) not in inside]


def _inner(layer: Any, kind: type[Holding]) -> Any:
    return layer.layer if isinstance(layer, kind) else layer


def _holder(model: Any, wrapper: Any) -> Any:
    """Return the layer of a model, or the layer itself, that holds a wrapper."""
    layers = model.layers if isinstance(model, keras.Model) else [model]
    return next(layer for layer in layers if any(p is wrapper for p in layers_of(layer)))
