"""The parts of a split one by one: the converter keeps a split float of which one is not read."""

from __future__ import annotations

from typing import Any

from tfprune.keras_facts import op_name

SPLITS = ("Split", "Unstack")
"""Operations of one input and several outputs, which are slices of it."""


def slices(operation: Any, x: Any) -> list[Any]:
    """Return what a split or unstack returns, each part sliced by itself.

    Args:
        operation: Of `SPLITS`.
        x: A tensor, of known length along the axis of the operation.

    Example:
        >>> import keras
        >>> from tfprune.keras_internals import maker
        >>> split = maker(keras.ops.split(keras.Input((3,)), [1], axis=-1)[0])
        >>> [part.numpy().tolist() for part in slices(split, keras.ops.arange(3))]
        [[0], [1, 2]]
    """
    axis = operation.axis % len(x.shape)
    length = x.shape[axis]
    if op_name(operation) == "Unstack":
        return [x[_along(axis, i)] for i in range(length)]
    places = operation.indices_or_sections
    if isinstance(places, int):
        places = [length * i // places for i in range(1, places)]
    starts, ends = [0, *places], [*places, length]
    return [x[_along(axis, slice(*part))] for part in zip(starts, ends, strict=True)]


def _along(axis: int, chosen: Any) -> tuple[Any, ...]:
    return (*(slice(None),) * axis, chosen)
