"""Weights that a layer holds itself: in the graph behind it they are tables that are looked up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.keras_internals import holding_variables, set_own_trainable

_ADDS_UP = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


@contextmanager
def weights_in_graph(layer: Any, tensor: Any) -> Iterator[None]:
    """Let the code of a layer find symbolic tensors where it holds weights of its own.

    Each comes out of a stock `Embedding` of the variable's name, called with the numbers of its
    rows (a vector is one row): a graph holds layers and operations alone, and what they hold is
    sliced, trained and saved like any other weight. Converters compute the rows beforehand.

    Args:
        layer: The layer that is about to be called symbolically; as it was afterwards.
        tensor: One of the symbolic tensors that it is called with.

    Raises:
        PruneError: a weight has a constraint, or a regularizer, that its table cannot take over.
    """
    attributes = vars(layer)
    before = holding_variables(layer)
    taken = {part.name for part in attributes.values() if isinstance(part, keras.layers.Layer)}
    made: dict[int, Any] = {}

    def stand_in(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: stand_in(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [stand_in(each) for each in value]
        if not isinstance(value, keras.Variable):
            return value
        if id(value) not in made:
            made[id(value)] = _looked_up(layer, value, tensor, taken)
        return made[id(value)]

    attributes.update({name: stand_in(value) for name, value in before.items()})
    try:
        yield
    finally:
        attributes.update(before)


def _looked_up(layer: Any, variable: Any, tensor: Any, taken: set[str]) -> Any:
    """Return the symbolic tensor that is a variable; one of fixed integers is a constant."""
    if not keras.backend.is_float_dtype(variable.dtype):
        return variable if variable.trainable else keras.ops.convert_to_tensor(variable)
    if variable.constraint is not None:
        raise PruneError(f"follow {layer.name}", f"{variable.name} has a constraint", "")
    if not isinstance(variable.regularizer, (type(None), *_ADDS_UP)):
        raise PruneError(f"follow {layer.name}", f"{variable.name} has its own regularizer", "")
    shape = tuple(variable.shape)
    rows, width = prod(shape[:-1]), prod(shape[-1:])
    table = keras.layers.Embedding(
        rows,
        width,
        embeddings_regularizer=variable.regularizer,
        dtype=layer.dtype_policy,
        name=_free_name(variable.name, taken),
    )
    table.build()
    table.embeddings.assign(keras.ops.reshape(variable, (rows, width)))
    if not variable.trainable:
        set_own_trainable(table, False)
        table.embeddings.trainable = False
    zero = keras.ops.zeros_like(keras.ops.sum(tensor), dtype="int32")
    found = table(zero if rows == 1 else keras.ops.arange(rows) + zero)
    if rows == width == 1:  # a number for all: no unit
        found = keras.ops.sum(found)
    return found if tuple(found.shape) == shape else keras.ops.reshape(found, shape)


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 0
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name
