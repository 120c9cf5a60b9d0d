"""Form: how a layer's kernel is a stack of matrices, outputs[g] = features[g] @ matrix[g].

A group g is a group of a convolution, a channel of a depthwise one, or an index that an
EinsumDense treats one by one; a Dense is one group. The features of a convolution, of any stride,
padding and dilation, are what the same convolution makes with a kernel of zeros and ones.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[Any]


class Form:
    """How one layer's kernel is a stack of matrices; this one is Dense.

    Args:
        layer: A built layer.
        kind: The class of Keras whose `call` it has.
    """

    def __init__(self, layer: Any, kind: Any) -> None:
        self.layer, self.kind = layer, kind
        self.shape = tuple(self.variable.shape)
        self._twins: dict[int, Any] = {}

    @property
    def variable(self) -> Any:
        """The kernel."""
        return self.layer.kernel

    @property
    def bias(self) -> Any:
        """What is added to the outputs, None if nothing is."""
        return self.layer.bias

    @property
    def ends_layer(self) -> bool:
        """Whether the outputs, with the bias, are what the layer puts out."""
        return self.layer.activation is keras.activations.linear

    def matrix(self, kernel: Array) -> Array:
        """Return a kernel as (groups, features, outputs)."""
        return kernel[None]

    def kernel(self, matrix: Array) -> Array:
        """Return what `matrix` was made of, with as many outputs as there are."""
        return matrix[0]

    def features(self, x: Any) -> Any:
        """Return a tensor (samples, places, groups, features)."""
        return as_rows(x, 1)

    def outputs(self, x: Any, kernel: Array) -> Any:
        """Return (samples, places, groups, outputs), without bias and activation."""
        x = as_rows(x, 1)
        return x @ tf.cast(kernel, x.dtype)

    def offset(self, offset: Array) -> Array | None:
        """Return an offset (groups, outputs) in the shape of the bias, None if it has no place."""
        return None if self.bias is None else offset.reshape(self.bias.shape)


def as_rows(x: Any, groups: int) -> Any:
    """Return a tensor as float32 (samples, places, groups, last axis)."""
    return tf.reshape(tf.cast(x, "float32"), (x.shape[0], -1, groups, x.shape[-1]))
