"""The original model with the removed units forced to zero: what the smaller one must equal."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.channels import KeptUnits, Structure
from tfprune.graph import Clones, replay
from tfprune.keras_facts.origins import name_of


def force_to_zero(structure: Structure, kept: KeptUnits) -> Any:
    """Return a copy of the model in which the units that are not kept are zero everywhere.

    Every tensor of the graph is multiplied by a mask of its units; inside recurrent and attention
    layers the rows that read them are zero. Layers that take statistics over all units
    (LayerNormalization) take them over those that stay: a channel that is gone does not count.

    Args:
        structure: The traced model, which is not changed.
        kept: Which units stay.

    Returns:
        A Functional model of the original size.
    """
    silent = _inner_reads(structure, kept)
    clones = Clones(structure.model, lambda variable: _silenced(variable, silent))

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        axis = structure.averaged_axis(node.operation)
        ids = None if axis is None else structure.flow(node.input_tensors[0]).units.get(axis)
        if axis is None or ids is None:
            outputs = operation(*args, **kwargs)
        else:
            outputs = OverKept(operation, axis, kept.mask(ids))(*args, **kwargs)
        outputs = _of_those_that_stay(structure, kept, node, outputs)
        return _masked_outputs(structure, kept, node, outputs)

    copy = replay(structure.model, clones.of, call=call)
    clones.copy_weights()
    return copy


def _of_those_that_stay(structure: Structure, kept: KeptUnits, node: Any, outputs: Any) -> Any:
    """Let the units that stay share the sum of a softmax alone."""
    axes = structure.shared_axes(node)
    units = structure.flow(node.outputs[0]).units
    masks = {axis: kept.mask(units[axis]) for axis in axes if axis in units}
    if all(mask.all() for mask in masks.values()):
        return outputs
    name = getattr(node.operation, "activation", None) or node.operation
    logarithm = name_of(name) in ("LogSoftmax", "log_softmax")
    return OfThoseThatStay(axes, masks, logarithm, dtype=outputs.dtype)(outputs)


def _masked_outputs(structure: Structure, kept: KeptUnits, node: Any, outputs: Any) -> Any:
    flat = []
    for original, tensor in zip(node.outputs, keras.tree.flatten(outputs), strict=True):
        for axis, ids in structure.flow(original).units.items():
            mask = kept.mask(ids)
            if not mask.all():
                tensor = Forced(axis, mask, dtype=tensor.dtype)(tensor)
        flat.append(tensor)
    return keras.tree.pack_sequence_as(outputs, flat)


def _inner_reads(structure: Structure, kept: KeptUnits) -> dict[int, list[tuple[int, np.ndarray]]]:
    """Return the positions that read removed units inside a layer, where no mask can stand."""
    reads: dict[int, list[tuple[int, np.ndarray]]] = {}
    for binding in structure.bindings:
        if binding.role == "reads" and binding.carrier is None:
            gone = np.flatnonzero(~kept.mask(binding.ids))
            reads.setdefault(id(binding.variable), []).append((binding.axis, gone))
    return reads


def _silenced(variable: Any, silent: dict[int, list[tuple[int, np.ndarray]]]) -> np.ndarray:
    array = np.array(variable)
    for axis, gone in silent.get(id(variable), ()):
        np.moveaxis(array, axis, 0)[gone] = 0
    return array


class Forced(keras.layers.Layer):
    """Force the units that a mask leaves out to zero."""

    def __init__(self, axis: int, mask: np.ndarray, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.mask = mask
        self.supports_masking = True

    def call(self, x: Any) -> Any:
        """Choose zero where the mask does: a product would leave what is not a number."""
        return keras.ops.where(_line(self.mask, self.axis, x), x, keras.ops.zeros_like(x))

    def compute_output_spec(self, x: Any) -> Any:
        """Say that the shape stays, which Keras does not find out for sparse tensors."""
        return keras.KerasTensor(x.shape, x.dtype)


def _line(mask: np.ndarray, axis: int, x: Any) -> np.ndarray:
    shape = [1] * len(x.shape)
    shape[axis] = len(mask)
    return mask.reshape(shape)


class OfThoseThatStay(keras.layers.Layer):
    """Share out the sum of a softmax, or of its logarithm, among the units that stay.

    Args:
        axes: Over which the softmax was taken.
        masks: Axis → for each position, whether it stays.
        logarithm: Whether it is the logarithm.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(
        self,
        axes: tuple[int, ...],
        masks: dict[int, np.ndarray],
        logarithm: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axes = axes
        self.masks = masks
        self.logarithm = logarithm

    def call(self, x: Any) -> Any:
        """Return the shares, with a sum of 1 again."""
        ops = keras.ops
        shares = ops.exp(x) if self.logarithm else x
        for axis, mask in self.masks.items():
            shares = ops.where(_line(mask, axis, x), shares, ops.zeros_like(x))
        total = ops.sum(shares, self.axes, keepdims=True)
        return x - ops.log(total) if self.logarithm else shares / total


class OverKept(keras.layers.Layer):
    """Normalize a tensor as if its removed units, which are zero in it, were not there.

    Args:
        layer: A LayerNormalization, RMSNormalization or GroupNormalization of one group.
        axis: The axis of the units.
        mask: For each position, whether it stays.
    """

    def __init__(self, layer: Any, axis: int, mask: np.ndarray) -> None:
        super().__init__(dtype=layer.dtype_policy)
        self.layer = layer
        self.axis = axis
        self.mask = mask
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Give the normalization its weights."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(self, x: Any) -> Any:
        """Return the layer's formula, with means over the units that stay."""
        layer, ops, rank = self.layer, keras.ops, len(x.shape)
        x = ops.cast(x, "float32")
        grouped = isinstance(layer, keras.layers.GroupNormalization)
        axes = tuple(range(1, rank)) if grouped else tuple(a % rank for a in layer.axis)
        mask = ops.cast(_line(self.mask, self.axis, x), x.dtype)
        share = float(self.mask.mean())
        centred = x
        if not isinstance(layer, keras.layers.RMSNormalization):
            centred = (x - ops.mean(x, axes, keepdims=True) / share) * mask
        power = ops.mean(ops.square(centred), axes, keepdims=True) / share
        # Keras' own rms_scaling divides by the deviation, but leaves the mean in.
        x = x if getattr(layer, "rms_scaling", False) else centred
        x = x / ops.sqrt(power + layer.epsilon)
        weight_axes = [layer.axis % rank] if grouped else [a % rank for a in layer.axis]
        shape = [x.shape[a] if a in weight_axes else 1 for a in range(rank)]
        scale = layer.scale if isinstance(layer, keras.layers.RMSNormalization) else layer.gamma
        x = x if scale is None else x * ops.reshape(scale, shape)
        beta = getattr(layer, "beta", None)
        x = x if beta is None else x + ops.reshape(beta, shape)
        return ops.cast(x, self.compute_dtype)

    def compute_output_spec(self, x: Any) -> Any:
        """Say that the shape stays, which Keras does not find out for sparse tensors."""
        return keras.KerasTensor(x.shape, self.compute_dtype)
