"""Find the rule of a layer or operation."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import keras

from tfprune.keras_facts import is_keras_layer
from tfprune.keras_internals import has_lora
from tfprune.quantization.rules import (
    activations,
    affine,
    attention,
    moving,
    normalization,
    operations,
)
from tfprune.quantization.rules.rule import Int8Rule, left_alone

_LAYERS: dict[type, Any] = {
    kind: rule
    for room in (affine, attention, moving, normalization)
    for kind, rule in room.RULES.items()
}


@runtime_checkable
class ComputesInt8(Protocol):
    """A layer of the user's own with an int8 rule; it needs not inherit from this."""

    def int8_call(self, q: Any, *inputs: Any) -> Any:
        """Return the layer's output as int8 computes it, see `Arithmetic`."""


def find_rule(layer: Any) -> Int8Rule:
    """Return how a layer or operation is quantized; if it is left alone, the rule says why."""
    if isinstance(layer, ComputesInt8):
        return Int8Rule(compute=_custom, keeps_whole=True)
    found = (activations.find(layer) or operations.find(layer)) if _is_keras_own(layer) else None
    if found is not None:
        return found
    if has_lora(layer):
        return left_alone("LoRA is enabled on it: tfprune.training.merge_lora(model) first")
    if getattr(layer, "quantization_mode", None):
        return left_alone("Keras' own quantization is enabled on it")
    kind: Any = type(layer)
    for base in kind.__mro__:
        if base in _LAYERS:
            same = kind.call is base.call
            return _LAYERS[base](layer) if same else left_alone("it overrides `call`")
    return left_alone(
        "no int8 rule for it; a layer of your own can bring one: int8_call(q, *inputs)"
    )


def _custom(layer: Any, q: Any, *args: Any, **kwargs: Any) -> Any:
    return layer.int8_call(q, *args, **kwargs)


def _is_keras_own(layer: Any) -> bool:
    return is_keras_layer(layer) or not isinstance(layer, keras.layers.Layer)
