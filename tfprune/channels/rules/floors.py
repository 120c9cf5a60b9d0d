"""Which tensors hold no value below zero."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from tfprune.channels.call import Call, is_layer
from tfprune.channels.flow import Flow
from tfprune.keras_facts import (
    ELEMENTWISE_LAYERS,
    JOINING_OPS,
    NEVER_NEGATIVE_FUNCTIONS,
    PASS_THROUGH,
    activation_name,
    activation_of,
    op_name,
    part_of_keras,
)

_KEEPING_OPS = frozenset(
    "Add Amax AveragePool Concatenate ExpandDims GetItem Max MaxPool Maximum Mean Multiply "  # noqa: SIM905
    "Reshape Sqrt Squeeze Split Sum Swapaxes Transpose".split()
)
_KEEPING_PARTS = ("pooling.", "reshaping.", "merging.add", "merging.multiply", "merging.concat")


def with_floor(call: Call, flows: list[Flow]) -> list[Flow]:
    """Return the flows of the outputs of a call, told whether no value in them is below zero."""
    floored = _makes(call.layer) or (_keeps(call.layer) and all(f.floored for f in _read(call)))
    return [replace(flow, floored=True) for flow in flows] if floored else flows


def _read(call: Call) -> list[Flow]:
    """Return what a call reads; a constant of a sum or a product may be below zero."""
    args = keras.tree.flatten(call.arguments[0])
    joins = op_name(call.layer) in JOINING_OPS and not all(isinstance(a, Flow) for a in args)
    return [Flow(())] if joins else call.inputs


def _makes(layer: Any) -> bool:
    inside = getattr(layer, "activation", None) if is_layer(layer) else None
    name = activation_of(layer) or (activation_name(inside) if inside is not None else None)
    return name in NEVER_NEGATIVE_FUNCTIONS and not isinstance(layer, keras.layers.RNN)


def _keeps(layer: Any) -> bool:
    if not is_layer(layer):
        return op_name(layer) in _KEEPING_OPS
    if isinstance(layer, (*PASS_THROUGH, *ELEMENTWISE_LAYERS)):
        return not isinstance(layer, (keras.layers.GaussianNoise, keras.layers.AlphaDropout))
    return part_of_keras(layer).startswith(_KEEPING_PARTS)
