"""A kernel as rows of weights, each with centroids of its own."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from tfprune.keras_facts import Kernel


class ClusterRows:
    """A kernel as one row of all its weights, or as one row for each output channel.

    Args:
        kernel: The kernel.
        count: How many rows: 1, or its output channels.
    """

    def __init__(self, kernel: Kernel, count: int) -> None:
        self.kernel = kernel
        self.count = count

    def of(self, array: Any) -> Any:
        """Return an array of the kernel's shape as (rows, weights of each)."""
        if self.count > 1:
            array = ops.moveaxis(array, self.kernel.out_axes[0], 0)
        return ops.reshape(array, (self.count, -1))

    def back(self, array: Any) -> Any:
        """Return what `of` was given."""
        if self.count == 1:
            return ops.reshape(array, self.kernel.shape)
        [axis] = self.kernel.out_axes
        rest = [size for i, size in enumerate(self.kernel.shape) if i != axis]
        return ops.moveaxis(ops.reshape(array, (self.count, *rest)), 0, axis)

    def places(self, chosen: Any, number: int) -> Any:
        """Return where centroids stand when those of all rows are laid end to end.

        Args:
            chosen: (rows, weights), which centroid of its row each weight has.
            number: How many centroids a row has.
        """
        first = ops.arange(self.count, dtype="int32") * number
        return chosen + ops.expand_dims(first, 1)

    def picked(self, centroids: Any, chosen: Any) -> Any:
        """Return the centroid of each weight, (rows, weights)."""
        places = self.places(chosen, centroids.shape[1])
        return ops.take(ops.reshape(centroids, (-1,)), places, axis=0)


def nearest_of(weights: Any, centroids: Any) -> Any:
    """Return which centroid is nearest to each weight, the lower one if two are as near.

    Args:
        weights: (rows, weights).
        centroids: (rows, centroids), each row ascending.

    Returns:
        int32 of the shape of `weights`.

    Example:
        >>> nearest_of(ops.array([[0.4, 0.5, 9.0]]), ops.array([[0.0, 1.0, 2.0]])).numpy()
        array([[0, 0, 2]], dtype=int32)
    """
    between = (centroids[:, 1:] + centroids[:, :-1]) / 2
    # keras.ops.searchsorted takes one row alone.
    return tf.searchsorted(between, weights, side="left", out_type=tf.int32)


def float_dtype(kernel: Kernel) -> str:
    """Return the dtype of centroids: at least float32, in which small steps add up."""
    dtype = keras.backend.standardize_dtype(kernel.variable.dtype)
    return "float64" if dtype == "float64" else "float32"
