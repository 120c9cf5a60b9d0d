"""The gradient of the update that is going on, handed from the optimizer to the masks.

Keras calls a constraint with the weights alone. The optimizer that wraps another knows the
gradient, and constraints run inside its `apply`: so the gradient is known for as long as that
lasts, in that thread (each replica of a strategy has one of its own), and no longer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple


class Gradient(NamedTuple):
    """A kernel's gradient and its weights before the update, both float32 in its shape."""

    value: Any
    weights: Any


class _Known(threading.local):
    by_variable: Mapping[int, Gradient] = {}


_KNOWN = _Known()


@contextmanager
def known(gradients: Mapping[int, Gradient]) -> Iterator[None]:
    """Let masks find gradients, by the id of the kernel's variable."""
    before = _KNOWN.by_variable
    _KNOWN.by_variable = gradients
    try:
        yield
    finally:
        _KNOWN.by_variable = before


def gradient_of(variable: Any) -> Gradient | None:
    """Return the gradient of the update that is going on, None if nobody has told it."""
    return _KNOWN.by_variable.get(id(variable))


def whole(gradient: Any) -> Any:
    """Return a gradient as a dense tensor, summed over the replicas of a strategy."""
    import tensorflow as tf

    gradient = tf.cast(tf.convert_to_tensor(gradient), "float32")
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return gradient
    return context.all_reduce(tf.distribute.ReduceOp.SUM, gradient)
