"""What a Keras model takes: its inputs, what is known of their values, and how they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tfprune.data import Input, Usual
from tfprune.graph.structure import functional, is_graph, nodes_in_order
from tfprune.keras_internals import input_structure, maker


def inputs_of(model: Any) -> tuple[Input, ...] | None:
    """Return the inputs of a model in the order Keras flattens them; None if it knows none.

    Subclassed models and Sequential ones that are not built know none. Of a tf_keras model names,
    shapes and types are told. Of a Keras model it is also told which inputs are indices of an
    Embedding, and how wide those were that a trained Normalization or BatchNormalization stands
    right behind.

    Example:
        >>> ids = keras.Input((3,), name="ids", dtype="int32")
        >>> model = keras.Model(ids, keras.layers.Embedding(5, 2, name="words")(ids))
        >>> [found] = inputs_of(model)
        >>> found.name, found.shape, found.dtype, found.rows, found.table
        ('ids', (None, 3), 'int32', 5, 'words')
    """
    if is_graph(model):
        net = functional(model)
        keys = _keys(input_structure(net))
        return tuple(
            replace(own, shape=(None, *own.shape[1:])) if _is_by_chance(model) else own
            for tensor, key in zip(net.inputs, keys, strict=True)
            for own in [_input(tensor, list(_readers(net, tensor)), key)]
        )
    if isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        return None
    return tuple(_input(tensor, [], ()) for tensor in model.inputs)


def outputs_of(model: Any) -> tuple[str, ...]:
    """Return the names by which a model's targets may be given, none of a subclassed model."""
    return tuple(functional(model).output_names) if is_graph(model) else ()


def packed(model: Any, inputs: Mapping[str, Any]) -> Any:
    """Return the inputs of a batch, by name, nested as the model's first argument is.

    A model that does not know its inputs gets one array bare, several as they were given: in a
    dict by name, or in a list.
    """
    arrays = list(inputs.values())
    if is_graph(model):
        return keras.tree.pack_sequence_as(input_structure(functional(model)), arrays)
    if getattr(model, "inputs", None):  # of tf_keras
        nested = keras.tree.is_nested(model.input)
        return keras.tree.pack_sequence_as(model.input, arrays) if nested else arrays[0]
    listed = list(inputs) == [f"input_{i}" for i in range(len(arrays))]
    return (arrays[0] if len(arrays) == 1 else arrays) if listed else dict(inputs)


def _is_by_chance(model: Any) -> bool:
    """Whether a model's batch size is that of the first data it saw, and binds nobody."""
    stateful = (keras.layers.RNN, keras.layers.Bidirectional)
    return isinstance(model, keras.Sequential) and not any(
        isinstance(layer, stateful) and layer.stateful for layer in model.layers
    )


def _keys(structure: Any) -> list[tuple[str, ...]]:
    """Return for each input the key it has in a dict of inputs; it may be called otherwise."""
    if isinstance(structure, dict) and not any(map(keras.tree.is_nested, structure.values())):
        return [(key,) for key in sorted(structure)]
    return [() for _ in keras.tree.flatten(structure)]


def _input(tensor: Any, readers: list[Any], keys: tuple[str, ...]) -> Input:
    name = maker(tensor).name
    tables = [layer for layer in readers if isinstance(layer, keras.layers.Embedding)]
    table = min(tables, key=lambda layer: layer.input_dim, default=None)
    return Input(
        name=name,
        shape=tuple(tensor.shape),
        dtype=keras.backend.standardize_dtype(tensor.dtype),
        aliases=(*keys, tensor.name),
        rows=None if table is None else table.input_dim,
        table="" if table is None else table.name,
        usual=next((u for layer in readers if (u := _usual(layer, len(tensor.shape)))), None),
    )


def _readers(net: Any, tensor: Any) -> Iterator[Any]:
    """Yield the layers that read a tensor, those of nested models included."""
    for node in nodes_in_order(net):
        for i, own in enumerate(node.arguments.keras_tensors):
            if own is not tensor:
                continue
            if not is_graph(node.operation):
                yield node.operation
            elif i < len(inner := functional(node.operation).inputs):
                yield from _readers(functional(node.operation), inner[i])


def _usual(layer: Any, rank: int) -> Usual | None:
    """Return what a layer remembers of its inputs, None if nothing or nothing yet."""
    if not isinstance(layer, keras.Layer) or not layer.built:
        return None
    if isinstance(layer, keras.layers.Normalization):
        found, shape = (layer.mean, layer.variance), None
    elif isinstance(layer, keras.layers.BatchNormalization):
        found = (layer.moving_mean, layer.moving_variance)
        shape = [-1 if axis == layer.axis % rank else 1 for axis in range(rank)]
    else:
        return None
    if any(part is None for part in found):
        return None
    values = [np.asarray(keras.ops.convert_to_numpy(part), np.float64) for part in found]
    mean, variance = (part if shape is None else part.reshape(shape) for part in values)
    fresh = bool((mean == 0).all() and (variance == 1).all())
    return None if fresh else Usual(layer.name, mean, variance)
