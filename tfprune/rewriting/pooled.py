"""What is computed from a global average pooling: gates as maps, heads as vectors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import layers

from tfprune.keras_facts import (
    ELEMENTWISE_LAYERS,
    ELEMENTWISE_OPS,
    JOINING_LAYERS,
    PASS_THROUGH,
    op_name,
)
from tfprune.notes import Note
from tfprune.rewriting.editing import EXACT, Change, Edits, Make, New, fill

# What acts on each value alone does so on a map of 1x1 and on a vector; SpatialDropout wants maps.
_EACH_VALUE = (
    *(kind for kind in PASS_THROUGH if not kind.__name__.startswith("Spatial")),
    *ELEMENTWISE_LAYERS,
    *JOINING_LAYERS,
    layers.Activation,
    layers.Softmax,
    layers.Rescaling,
)
_OPS = ELEMENTWISE_OPS | {"Add", "Multiply", "Reshape"}
_SHARED = (
    "name",
    "trainable",
    "dtype",
    "use_bias",
    "activation",
    "kernel_initializer",
    "bias_initializer",
    "kernel_regularizer",
    "bias_regularizer",
    "activity_regularizer",
    "kernel_constraint",
    "bias_constraint",
)


@dataclass
class Region:
    """The calls that compute one vector for each image from a pooling.

    Args:
        pooling: The call of the pooling.
        calls: The others, in order.
        gates: Reads by a call that also reads a feature map.
        leaves: Tensors that are read elsewhere, or are outputs of the model.
    """

    pooling: Any
    calls: list[Any] = field(default_factory=list)
    gates: list[Any] = field(default_factory=list)
    leaves: list[Any] = field(default_factory=list)


def reform(edits: Edits) -> None:
    """Bring gates (squeeze-and-excite) and heads to the forms that XNNPACK runs.

    A gate is GlobalAveragePooling2D(keepdims=True) and 1x1 convolutions, a head is
    GlobalAveragePooling2D() and Dense layers; reshapes between the forms disappear.
    """
    for node in edits.part.exits:
        if not edits.part.follows(node):
            continue
        region = find_region(edits, node)
        if region.gates and region.leaves:
            reason = "the pooling feeds a gate and a head: give each a pooling of its own"
            edits.notes.append(Note(node.operation.name, reason))
        elif region.gates and _differs(region, as_map=True):
            _rebuild(edits, region, as_map=True)
        elif not region.gates and _differs(region, as_map=False):
            _rebuild(edits, region, as_map=False)


def find_region(edits: Edits, pooling: Any) -> Region:
    """Return what is computed from a pooling alone."""
    region, calls = Region(pooling), edits.calls
    inside = {id(pooling.outputs[0]): pooling.outputs[0]}
    for node in calls.nodes:
        own = [tensor for tensor in node.input_tensors if id(tensor) in inside]
        others = [tensor for tensor in node.input_tensors if id(tensor) not in inside]
        if own and not others and _carries(node):
            region.calls.append(node)
            inside[id(node.outputs[0])] = node.outputs[0]
        elif own and others and all(len(tensor.shape) == 4 for tensor in others):
            region.gates.append(node)
        elif own:
            region.leaves += own
    region.leaves += [tensor for key, tensor in inside.items() if key in calls.outputs]
    return region


def _carries(node: Any) -> bool:
    layer, kind = node.operation, type(node.operation)
    shape = node.outputs[0].shape
    if not (len(shape) == 2 or (len(shape) == 4 and shape[1:3] == (1, 1))) or shape[-1] is None:
        return False
    if kind is layers.Conv2D:
        return layer.kernel_size == (1, 1) and layer.groups == 1
    if kind is layers.BatchNormalization:
        return layer.axis == -1
    if (name := op_name(layer)) is not None:
        return name in _OPS
    return kind in (*_EACH_VALUE, layers.Dense, layers.Flatten, layers.Reshape)


def _is_reshape(operation: Any) -> bool:
    return type(operation) in (layers.Flatten, layers.Reshape) or op_name(operation) == "Reshape"


def _differs(region: Region, as_map: bool) -> bool:
    unwanted = layers.Dense if as_map else layers.Conv2D
    return (
        not isinstance(region.pooling.operation, keras.layers.Layer)
        or region.pooling.operation.keepdims != as_map
        or any(type(node.operation) is unwanted for node in region.calls)
    )


def _rebuild(edits: Edits, region: Region, as_map: bool) -> None:
    inner: dict[int, Any] = {}
    leaves = {id(tensor) for tensor in region.leaves}
    edits.instead(region.pooling, _pool(edits, region.pooling, inner, leaves, as_map))
    for node in region.calls:
        edits.instead(node, _step(edits, node, inner, leaves, as_map))
    kernels = [n.operation.name for n in region.calls if type(n.operation) in _OTHER]
    form = "GlobalAveragePooling2D(keepdims=True) → 1x1 convolutions"
    if not as_map:
        form = "GlobalAveragePooling2D() → Dense"
    what = f"{'gate' if as_map else 'head'} becomes {form}"
    names = f" ({', '.join(kernels)})" if kernels else ""
    edits.changes.append(Change(region.pooling.operation.name, what + names, EXACT))


def _pool(edits: Edits, node: Any, inner: dict[int, Any], leaves: set[int], as_map: bool) -> Make:
    operation, [old] = node.operation, node.outputs
    own = isinstance(operation, keras.layers.Layer)
    name = operation.name if own else edits.name(f"{operation.name}_pool")

    def make(new: New) -> Any:
        pool = layers.GlobalAveragePooling2D(keepdims=as_map, name=name)
        inner[id(old)] = pool(new(node.input_tensors[0]))
        return _as_before(inner[id(old)], old, leaves)

    return make


def _step(edits: Edits, node: Any, inner: dict[int, Any], leaves: set[int], as_map: bool) -> Make:
    layer, [old] = node.operation, node.outputs
    wanted = layers.Conv2D if as_map else layers.Dense

    def make(new: New) -> Any:
        args, kwargs = node.arguments.fill_in(inner)
        if _is_reshape(layer):
            inner[id(old)] = args[0]
        elif type(layer) in _OTHER and type(layer) is not wanted:
            fresh = edits.once((id(layer), as_map), lambda: _other(layer))
            inner[id(old)] = fresh(*args, **kwargs)
            fill(fresh, layer, **_weights(layer, fresh))
        else:
            inner[id(old)] = edits.copy(layer)(*args, **kwargs)
        return _as_before(inner[id(old)], old, leaves)

    return make


_OTHER = (layers.Conv2D, layers.Dense)


def _other(layer: Any) -> Any:
    """Return a Dense layer for a 1x1 convolution, and the other way round."""
    config = {k: v for k, v in layer.get_config().items() if k in _SHARED}
    if type(layer) is layers.Conv2D:
        return layers.Dense.from_config({**config, "units": layer.filters})
    return layers.Conv2D.from_config({**config, "filters": layer.units, "kernel_size": 1})


def _weights(layer: Any, fresh: Any) -> dict[str, Any]:
    weights = {"kernel": np.asarray(layer.kernel).reshape(fresh.kernel.shape)}
    return {**weights, "bias": np.asarray(layer.bias)} if layer.use_bias else weights


def _as_before(tensor: Any, old: Any, leaves: set[int]) -> Any:
    """Return a tensor in its old shape if others read it."""
    if id(old) not in leaves or len(tensor.shape) == len(old.shape):
        return tensor
    return layers.Reshape(old.shape[1:])(tensor)
