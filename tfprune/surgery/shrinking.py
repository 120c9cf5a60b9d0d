"""Build the smaller model: layers of other sizes, and the slices of the weights that stay."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.channels import INNER_SIZES, KeptUnits, Structure
from tfprune.errors import PruneError, first_line
from tfprune.graph import Clones, own_functions, replay, tensor_of, values_of
from tfprune.notes import Note
from tfprune.repairing import Sliced, repaired
from tfprune.repairing.walking import Cuts
from tfprune.surgery.resized import Resized


def shrink(
    structure: Structure,
    kept: KeptUnits,
    made: dict[int, Any] | None = None,
    merged: Mapping[int, Any] = MappingProxyType({}),
) -> tuple[Any, tuple[Note, ...]]:
    """Return a new plain model without the units that are not kept.

    Args:
        structure: The traced model, which is not changed.
        kept: Which units stay.
        made: Filled with what stands in the place of each operation, by the operation's id.
        merged: id of a variable → its values, if not its own (`tfprune.surgery.merging`).

    Returns:
        The model, with weights of its own, not compiled; and a note for each layer that could
        not be copied.

    Raises:
        PruneError: a layer that loses units cannot be rebuilt smaller.
    """
    cuts = structure.positions(kept)
    values = {
        id(v): tf.convert_to_tensor(cut_values(v, cuts, merged)) for v in structure.model.variables
    }
    clones = Clones(structure.model, lambda variable: values[id(variable)])

    def change(operation: Any) -> Any:
        if not isinstance(operation, keras.layers.Layer):
            return clones.of(operation)
        config = smaller_config(operation, structure, kept, cuts)
        return smaller_layer(operation, config, clones)

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        make = structure.rewrite(node)
        return operation(*args, **kwargs) if make is None else make(kept, operation, args, kwargs)

    small = replay(
        structure.model,
        change,
        call=call if structure.rewrites else None,
        shape=lambda tensor: structure.shape(tensor, kept),
        memo=made,
    )
    clones.copy_weights()
    return small, tuple(clones.notes)


def shrink_and_repair(
    structure: Structure,
    kept: KeptUnits,
    data: Any,
    merged: Mapping[int, Any] = MappingProxyType({}),
) -> Any:
    """Return the smaller model, repaired on unlabelled data: see `tfprune.repairing.repaired`."""
    made: dict[int, Any] = {}
    small, _ = shrink(structure, kept, made, merged)
    return repaired(Sliced(structure, kept, made), small, data)


def smaller_layer(layer: Any, config: dict[str, Any] | None, clones: Clones) -> Any:
    """Return a layer of another config, a copy if there is none.

    A composite with sizes of inner layers comes as `Resized`.
    """
    if config is None:
        return clones.of(layer)
    inner_sizes = None if isinstance(layer, Resized) else config.pop(INNER_SIZES, None)
    try:
        smaller = type(layer).from_config(config)
    except Exception as error:
        raise PruneError(
            f"rebuild {layer.name} with fewer units",
            f"{type(layer).__name__}.from_config: {first_line(error)}",
            f"register what its config names with Keras, or keep=[{layer.name!r}]",
        ) from error
    clones.pair(layer, smaller)
    clones.check_config(layer)
    return smaller if inner_sizes is None else Resized(smaller, inner_sizes)


def cut_values(variable: Any, cuts: Cuts, merged: Mapping[int, Any] = MappingProxyType({})) -> Any:
    """Return what stays of a variable's values."""
    if id(variable) not in cuts:
        return tensor_of(variable)
    array = merged.get(id(variable), values_of(variable))
    for axis, positions in sorted(cuts[id(variable)], key=itemgetter(0)):  # whole rows first
        array = np.take(array, positions, axis=axis)
    return array


def smaller_config(
    layer: Any, structure: Structure, kept: KeptUnits, cuts: Cuts
) -> dict[str, Any] | None:
    """Return the layer's config with its counts taken again, None if nothing changes."""
    settings = structure.settings(layer)
    loses = any(id(variable) in cuts for variable in layer.variables)
    counts = {path: kept.count(units) for path, units in settings.items()}
    if not loses and all(counts[path] == len(units) for path, units in settings.items()):
        return None
    if isinstance(layer, keras.layers.Lambda):
        raise PruneError(f"shrink {layer.name}", "it is a Lambda layer", "write it as a layer")
    config = _without_build_config(layer.get_config())
    for path, count in counts.items():
        if path[0] != INNER_SIZES:
            config = _with_entry(config, path, count)
        elif count < len(settings[path]):
            config.setdefault(INNER_SIZES, {}).setdefault(path[1], {})[path[2]] = count
    return {**config, **own_functions(layer, config)}


def _with_entry(config: Any, path: tuple, value: int) -> Any:
    """Return a config with the entry at a path of keys and indices replaced."""
    if not path:
        return value
    if isinstance(config, Mapping):
        return {**config, path[0]: _with_entry(config[path[0]], path[1:], value)}
    if config is None or isinstance(config, int):
        return value  # a shape given as a single number
    entries = list(config)
    entries[path[0]] = _with_entry(entries[path[0]], path[1:], value)
    return tuple(entries)


def _without_build_config(config: Any) -> Any:
    """Return a copy without the shapes that inner layers were built with: they will change."""
    if isinstance(config, dict):
        return {
            key: _without_build_config(value) if isinstance(value, (dict, list)) else value
            for key, value in config.items()
            if key != "build_config"
        }
    if isinstance(config, list):
        return [_without_build_config(entry) for entry in config]
    return config
