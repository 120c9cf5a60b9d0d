"""Find the rule of a layer or operation, and apply it."""

from __future__ import annotations

import inspect
from typing import Any, Protocol, runtime_checkable

import keras

from tfprune.channels.call import Call, FlowRule, is_layer
from tfprune.channels.fixed_sizes import misfit_of_activity
from tfprune.channels.flow import Flow
from tfprune.channels.rules import (
    attention,
    convolution,
    dense,
    elementwise,
    keras_hub,
    merging,
    moving,
    normalization,
    operations,
    pooling,
    recurrent,
)
from tfprune.channels.rules.floors import with_floor
from tfprune.keras_facts import (
    SCALED_SUM,
    class_path,
    has_methods,
    holds_own_function,
    is_elementwise,
    package_of,
)
from tfprune.keras_internals import calls_of, layers_of
from tfprune.wrapping import Clustering

_LAYERS: dict[type, FlowRule] = {
    kind: rule
    for room in (
        attention,
        dense,
        convolution,
        elementwise,
        merging,
        moving,
        normalization,
        pooling,
        recurrent,
    )
    for kind, rule in room.RULES.items()
}
# Layers that keras.applications and keras_hub bring along, by name: not exported, or not there.
_BY_NAME: dict[str, FlowRule] = {
    **keras_hub.RULES,
    "keras.src.applications.convnext.LayerScale": elementwise.layer_scale,
    "keras.src.applications.convnext.StochasticDepth": elementwise.passes,
    SCALED_SUM: elementwise.joins,
}


def apply_rule(call: Call) -> list[Flow]:
    """Return the flow of each output of a call."""
    rule = find_rule(call.layer)
    if rule is None:
        return call.unknown(why_unknown(call.layer))
    made = rule(call)
    flows = [made] if isinstance(made, Flow) else list(made)
    for flow in flows:
        if (reason := misfit_of_activity(call.layer, flow)) is not None:
            call.keep(flow, reason)
    return with_floor(call, flows)


@runtime_checkable
class SaysFlow(Protocol):
    """A layer of the user's own with a flow rule; it needs not inherit from this."""

    def channel_flow(self, call: Any) -> Any:
        """Return the flows of the outputs of one call, see `Call`."""


def find_rule(layer: Any) -> FlowRule | None:
    """Return the rule of a layer or operation, None if its code cannot be followed."""
    kind = type(layer)
    if not is_layer(layer):
        return operations.find(layer)
    if has_methods(layer, SaysFlow):
        return layer.channel_flow
    if _any_inside(layer, "lora_enabled") or _any_inside(layer, "quantization_mode"):
        return None
    if class_path(layer) in _BY_NAME:
        return _BY_NAME[class_path(layer)]
    for base in kind.__mro__:
        if base in _LAYERS:
            # A subclass that keeps its base's call flows like its base.
            return _LAYERS[base] if _same_call(kind, base) else None
    return elementwise.one_of_them if _acts_in_training_alone(layer) else None


def may_be_unfolded(layer: Any) -> bool:
    """Whether a layer has no rule of its own, though the layers inside it may have one."""
    ours = package_of(type(layer)) == "tfprune"
    changed = _any_inside(layer, "lora_enabled") or _any_inside(layer, "quantization_mode")
    mixes = holds_own_function(layer) and not is_elementwise(layer.activation)
    around = isinstance(layer, keras.layers.TimeDistributed) and isinstance(
        layer.layer, keras.Model
    )
    return mixes or around or (find_rule(layer) is None and not ours and not changed)


def _any_inside(layer: Any, attribute: str) -> bool:
    """Whether an attribute is set on a layer or on one of the layers inside it."""
    return any(getattr(part, attribute, None) for part in layers_of(layer))


def _acts_in_training_alone(layer: Any) -> bool:
    """Whether a layer without weights returns one of its inputs as it is, but in training.

    A drop path does, and a layer that draws a code around its mean.
    """
    if layer.weights or "training" not in inspect.signature(layer.call).parameters:
        return False
    calls = calls_of(layer)
    given = calls[0].arguments.args if calls else (keras.KerasTensor((None, 2)),)
    args = keras.tree.map_structure(_like, given)
    try:
        made = layer.call(*args, training=False)
    except Exception:  # Code that wants another tensor does something with it.
        return False
    return any(made is each for each in keras.tree.flatten(args))


def _like(value: Any) -> Any:
    if not isinstance(value, keras.KerasTensor):
        return value
    return keras.KerasTensor(value.shape, value.dtype)


def _same_call(kind: Any, base: Any) -> bool:
    return kind.call is base.call


def why_unknown(layer: Any) -> str:
    """Return the reason why a layer or operation cannot be followed, with the way out."""
    kind = type(layer).__name__
    if kind == "Lambda":
        return "it holds code of another kind than keras.ops; write it with those, or as a layer"
    if not is_layer(layer):
        return f"no flow rule for the operation {kind}"
    if kind == "PruneLowMagnitude":
        return "it is wrapped for pruning: call tfprune.strip_pruning first"
    if isinstance(layer, Clustering):
        return "its weights are clustered: call tfprune.clustering.strip_clustering first"
    if _any_inside(layer, "lora_enabled"):
        return "its LoRA weights are added to its kernel: tfprune.training.merge_lora(model) first"
    if _any_inside(layer, "quantization_mode"):
        return "it is quantized: prune first, quantize afterwards"
    return f"no flow rule for {kind}; a custom layer can declare one as channel_flow(call)"
