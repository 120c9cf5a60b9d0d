"""Code that asks for the number of examples, traced with a number that stands for any."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from tfprune.graph.replay import replay
from tfprune.graph.structure import values_read
from tfprune.keras_facts import is_array, op_name

_PRIMES = (97, 101, 103, 107, 109, 113, 127, 131)


def standing_for_batch(lengths: Sequence[int]) -> int:
    """Return a number that no length is a multiple of: what is one, was made of the batch."""
    return next(p for p in _PRIMES if all(length % p for length in lengths if length))


def with_open_batch(graph: Any, batch: int) -> Any:
    """Return a graph that was traced with `batch` examples as one of any number of examples.

    A reshape to `(batch * 4, 8)` becomes one to (-1, 8); `broadcast_to`, `repeat` and `tile` of one
    row to as many as there are examples becomes a sum with a zero for each example; a constant of
    as many equal rows, such as a causal mask, becomes one row, which meets all examples.

    Args:
        graph: A Functional model whose inputs have `batch` examples.
        batch: See `standing_for_batch`.
    """

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        name = op_name(operation)
        args, kwargs = keras.tree.map_structure(lambda x: _one_row(x, batch), (args, kwargs))
        if name == "Reshape":
            return ops.reshape(args[0], _left_open(operation.newshape, node, batch))
        if name == "BroadcastTo" and operation.shape[0] == batch:
            row = (1, *operation.shape[1:])
            wide = tuple(args[0].shape) == row
            return _for_each(args[0] if wide else ops.broadcast_to(args[0], row), inputs[0])
        if name == "Tile" and operation.repeats[0] == batch:
            return _for_each(ops.tile(args[0], (1, *operation.repeats[1:])), inputs[0])
        if name == "Repeat" and operation.repeats == batch and operation.axis == 0:
            return _for_each(args[0], inputs[0])
        for old, new in zip(node.input_tensors, values_read(node, args, kwargs), strict=True):
            if old is graph.inputs[0]:
                inputs.append(new)
        return operation(*args, **kwargs)

    inputs: list[Any] = []
    return replay(graph, lambda operation: operation, call=call, shape=lambda t: _open(t, batch))


def _one_row(value: Any, batch: int) -> Any:
    """Return one row of a constant that has the same for each of `batch` examples."""
    if isinstance(value, keras.KerasTensor) or not is_array(value) or not len(value.shape):
        return value
    equal = value.shape[0] == batch and bool(np.all(np.asarray(value) == np.asarray(value[:1])))
    return value[:1] if equal else value


def _open(tensor: Any, batch: int) -> tuple[int | None, ...]:
    return tuple(None if length == batch else length for length in tensor.shape)


def _left_open(shape: Sequence[int], node: Any, batch: int) -> list[int]:
    whole = prod(node.input_tensors[0].shape)
    known = prod(length for length in shape if length != -1)
    lengths = [whole // known if length == -1 else length for length in shape]
    return [-1 if length % batch == 0 else length for length in lengths]


def _for_each(row: Any, example: Any) -> Any:
    """Return a row of one example for each example of another tensor."""
    rest = tuple(range(1, len(example.shape)))
    zero = ops.zeros_like(ops.sum(example, axis=rest, keepdims=True), dtype=row.dtype)
    # Zeros first: of (1, 1, 2) + (2, 1, 1) Keras 3.15 makes a bias_add, and (1, 1, 2).
    return ops.reshape(zero, (-1, *[1] * (len(row.shape) - 1))) + row
