"""TimeDistributed, written as what it computes: all steps of all examples in one row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def takes_steps(layer: Any) -> bool:
    """Whether this is a `TimeDistributed`, and no class made from it."""
    return type(layer) is keras.layers.TimeDistributed


def in_one_row(layer: Any) -> Callable[..., Any]:
    """Return the code of a `TimeDistributed`: its steps become examples, and steps again.

    In training a BatchNormalization inside sees the statistics of all steps together.

    Args:
        layer: A built `TimeDistributed`; the lengths of its input must be known.
    """

    def call(x: Any, mask: Any = None) -> Any:
        if mask is not None:
            raise ValueError("it is given a mask")
        steps, *shape = x.shape[1:]
        if None in (steps, *shape):
            raise ValueError("the lengths of its input are not known")
        made = layer.layer(ops.reshape(x, (-1, *shape)))
        return keras.tree.map_structure(lambda y: ops.reshape(y, (-1, steps, *y.shape[1:])), made)

    return call
