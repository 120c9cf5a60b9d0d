"""Pieces of a smaller network, without the rest of it: the layers that change, one call alone."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.channels import KeptUnits, Structure
from tfprune.graph import Clones
from tfprune.repairing.walking import Step, Way
from tfprune.surgery.shrinking import cut_values, smaller_config, smaller_layer


def smaller_layers(
    structure: Structure, kept: KeptUnits, way: Way, copied: AbstractSet[int] = frozenset()
) -> dict[int, Any]:
    """Return the layers that lose units, smaller, with their weights: id of the original's → it.

    All others are missing: they are the original's own.

    Args:
        structure: The traced model, which is not changed.
        kept: Which units stay.
        way: The steps of that model.
        copied: ids of layers that lose none and are to be copied all the same.

    Raises:
        PruneError: a layer that loses units cannot be rebuilt smaller.
    """
    cuts = structure.positions(kept)
    clones = Clones(structure.model, lambda v: tf.convert_to_tensor(cut_values(v, cuts)))
    made: dict[int, Any] = {}
    for step in way.steps:
        layer = step.operation
        if not isinstance(layer, keras.layers.Layer) or id(layer) in made:
            continue
        config = smaller_config(layer, structure, kept, cuts)
        if config is None and id(layer) not in copied:
            continue
        small = made[id(layer)] = smaller_layer(layer, config, clones)
        _call(structure, kept, step, small, _symbols(structure, kept, step, keras.KerasTensor))
    clones.copy_weights()
    return made


def call_alone(structure: Structure, kept: KeptUnits, step: Step) -> Any:
    """Return a model of one call of one layer, in its smaller size, batch 1; its weights are drawn.

    Args:
        structure: The traced model, which is not changed.
        kept: Which units stay.
        step: The call.

    Raises:
        PruneError: the layer cannot be rebuilt smaller.
    """
    layer, cuts = step.operation, structure.positions(kept)
    random = np.random.default_rng(0)

    def drawn(variable: Any) -> Any:
        values = np.asarray(cut_values(variable, cuts))
        if not np.issubdtype(values.dtype, np.floating):
            return tf.convert_to_tensor(values)
        return tf.cast(random.uniform(0.1, 1.0, values.shape), variable.dtype)

    clones = Clones(structure.model, drawn)
    small = smaller_layer(layer, smaller_config(layer, structure, kept, cuts), clones)
    given = _symbols(structure, kept, step, _batch_of_one)
    outputs = _call(structure, kept, step, small, given)
    clones.copy_weights()
    return keras.Model(list(given.values()), outputs)


def _batch_of_one(shape: tuple[int | None, ...], dtype: str) -> Any:
    return keras.Input(batch_shape=(1, *shape[1:]), dtype=dtype)


def _symbols(structure: Structure, kept: KeptUnits, step: Step, make: Any) -> dict[int, Any]:
    tensors = {id(tensor): tensor for tensor in step.node.input_tensors}
    return {i: make(structure.shape(t, kept), t.dtype) for i, t in tensors.items()}


def _call(
    structure: Structure, kept: KeptUnits, step: Step, layer: Any, given: dict[int, Any]
) -> Any:
    args, kwargs = step.node.arguments.fill_in(given)
    make = structure.rewrite(step.node)
    return layer(*args, **kwargs) if make is None else make(kept, layer, args, kwargs)
