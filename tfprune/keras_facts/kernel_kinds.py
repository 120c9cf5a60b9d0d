"""What kind of kernel a kernel is: by its layer, its axes and its window."""

from __future__ import annotations

import math

import keras

from tfprune.keras_facts.kernels import Kernel

CONVOLUTION, POINTWISE, DEPTHWISE = "convolution", "1x1 convolution", "depthwise convolution"
DENSE, ATTENTION, RECURRENT, EMBEDDING = "dense", "attention", "recurrent", "embedding"
CONVOLUTIONS = (CONVOLUTION, POINTWISE, DEPTHWISE)
_ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
_CELLS = (keras.layers.SimpleRNNCell, keras.layers.LSTMCell, keras.layers.GRUCell)


def kind_of(kernel: Kernel) -> str:
    """Return what kind of kernel it is.

    Example:
        >>> from tfprune.keras_facts import kernels_of
        >>> conv = keras.layers.Conv2D(8, 1, name="c")
        >>> conv.build((None, 4, 4, 3))
        >>> [kind_of(kernel) for kernel in kernels_of(conv)]
        ['1x1 convolution']
    """
    if isinstance(kernel.layer, keras.layers.Embedding):
        return EMBEDDING
    if isinstance(kernel.shown, _ATTENTION):
        return ATTENTION
    if isinstance(kernel.layer, _CELLS):
        return RECURRENT
    if set(kernel.in_axes) & set(kernel.out_axes):
        return DEPTHWISE
    axes = {*kernel.in_axes, *kernel.out_axes}
    window = [size for axis, size in enumerate(kernel.shape) if axis not in axes]
    if not window:
        return DENSE
    return POINTWISE if math.prod(window) == 1 else CONVOLUTION
