"""A count of multiply-accumulates that shares no code with tfprune's own."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers


def count_macs(model: keras.Model) -> int:
    """Return the multiply-accumulates of convolutions and dense layers for one image.

    Only for a flat model whose layers are each called once, like the networks of these proofs;
    biases, normalization and activations are not counted, as papers do.

    Example:
        >>> image = keras.Input((8, 8, 3))
        >>> count_macs(keras.Model(image, layers.Conv2D(4, 3)(image)))  # 6*6 * 3*3*3 * 4
        3888
    """
    return sum(_of(layer) for layer in model.layers)


def _of(layer: Any) -> int:
    if isinstance(layer, layers.Dense):
        return math.prod(layer.kernel.shape)
    if isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D)):
        _, rows, columns, _ = layer.output.shape
        return rows * columns * math.prod(layer.kernel.shape)
    return 0


def count_filters(model: keras.Model) -> int:
    """Return the number of output channels of all convolutions that are not depthwise."""
    return sum(
        layer.filters
        for layer in model.layers
        if isinstance(layer, layers.Conv2D) and not isinstance(layer, layers.DepthwiseConv2D)
    )


def count_weights(model: keras.Model) -> int:
    """Return the number of trainable weights, as papers count parameters."""
    return sum(math.prod(variable.shape) for variable in model.trainable_variables)


def share_of_zeros(model: keras.Model) -> float:
    """Return the share of weights that are zero, in all trainable variables of two or more axes."""
    kernels = [v.numpy() for v in model.trainable_variables if len(v.shape) > 1]
    return float(sum(np.sum(k == 0) for k in kernels) / sum(k.size for k in kernels))
