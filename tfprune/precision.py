"""A model that was trained in mixed precision, rebuilt so that it computes in float32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tfprune.errors import PruneError, first_line
from tfprune.graph import Clones, is_graph
from tfprune.keras_internals import layers_of
from tfprune.notes import Note

_FOR_THE_CONVERTER = "for the converter"


def in_float32(model: Any, purpose: str = _FOR_THE_CONVERTER) -> tuple[Any, tuple[Note, ...]]:
    """Return a model that computes in float32 with the weights of `model`, and what changed.

    A model that already does comes back itself. The model passed in is never changed. A layer that
    is somebody's own code must come back from its config as it is: it is tried on drawn numbers.

    Args:
        model: A built Keras model.
        purpose: What it is rebuilt for, for the note.

    Raises:
        PruneError: the model can't be rebuilt from its configuration, or a layer computes
            something else when it is.
    """
    policies = sorted({p for p in map(_policy, layers_of(model)) if p != "float32"})
    if not policies:
        return model, ()
    try:
        config = _with_float32(keras.saving.serialize_keras_object(model))
        rebuilt = keras.saving.deserialize_keras_object(config, safe_mode=False)
        if not rebuilt.built:
            raise ValueError("its configuration does not say how it is built")
        rebuilt.set_weights(model.get_weights())
        left = sorted({p for p in map(_policy, layers_of(rebuilt)) if p != "float32"})
        if left:
            raise ValueError(f"a layer sets the policy {left[0]} by itself")
    except Exception as error:
        raise PruneError(
            f"rebuild the model {model.name!r} in float32 {purpose}",
            f"it computes in {', '.join(policies)}, and can't be rebuilt: {first_line(error)}",
            "build it with keras.config.set_dtype_policy('float32') and load its weights",
        ) from error
    clones = Clones(model)
    for layer in _pieces(model):
        clones.check_config(layer)
    clones.copy_weights()
    reason = (
        f"it computed in {', '.join(policies)}; rebuilt in float32 {purpose}, weights unchanged"
    )
    if purpose == _FOR_THE_CONVERTER:
        reason += " (quantize='float16' stores them in half the space)"
    return rebuilt, (Note(model.name, reason), *clones.notes)


def _pieces(layer: Any) -> Iterator[Any]:
    """Yield the layers whose own code, not a graph, says what they compute."""
    if is_graph(layer):
        for inner in layer.layers:
            yield from _pieces(inner)
    else:
        yield layer


def _policy(layer: Any) -> str:
    name = layer.dtype_policy.name
    # Layers without weights, like InputLayer, may carry integers: their data is not rounded.
    return name if "float" in name else "float32"


def _with_float32(config: Any) -> Any:
    """Return a serialized Keras object with every dtype policy replaced by float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return {**config, "config": {"name": "float32"}}
        return {key: _with_float32(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_float32(value) for value in config)
    return config
