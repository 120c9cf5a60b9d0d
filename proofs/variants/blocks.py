"""Building blocks of small mobile networks, and pruning at random that counts exactly."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers

Tail = Callable[[Any], Any]
Activation = str | Callable[[Any], Any] | None


def image(height: int = 32, width: int | None = None, channels: int = 3) -> Any:
    """Return an input."""
    return keras.Input((height, width or height, channels))


def activate(x: Any, activation: Activation) -> Any:
    """Apply an activation by its Keras name, a function of tensors, or none."""
    if activation is None:
        return x
    return layers.Activation(activation)(x) if isinstance(activation, str) else activation(x)


def norm(x: Any) -> Any:
    """Normalize over the batch; the converter folds it into a convolution before it."""
    return layers.BatchNormalization()(x)


def stem(
    x: Any,
    filters: int = 8,
    pad: Any = 1,
    kernel: int = 3,
    stride: Any = 2,
    activation: Activation = "relu6",
) -> Any:
    """Return the first convolution; `pad` is a width, Keras' pairs, or `"same"`."""
    padding = "same" if pad == "same" else "valid"
    x = x if pad in ("same", 0) else layers.ZeroPadding2D(pad)(x)
    x = layers.Conv2D(filters, kernel, stride, padding, use_bias=False)(x)
    return activate(norm(x), activation)


def depthwise(
    x: Any,
    stride: int = 1,
    kernel: int = 3,
    pad: Any = None,
    activation: Activation = "relu6",
    **options: Any,
) -> Any:
    """Return a depthwise convolution; by default with the padding that can run sparse."""
    if pad is None:
        pad = "same" if stride == 1 else kernel // 2
    padding = "same" if pad == "same" else "valid"
    x = x if pad in ("same", 0) else layers.ZeroPadding2D(pad)(x)
    x = layers.DepthwiseConv2D(kernel, stride, padding, use_bias=False, **options)(x)
    return activate(norm(x), activation)


def pointwise(x: Any, filters: int, activation: Activation = "relu6", **options: Any) -> Any:
    """Return a 1x1 convolution, normalized and activated."""
    return activate(norm(layers.Conv2D(filters, 1, use_bias=False, **options)(x)), activation)


def dense_head(x: Any, units: int = 10) -> Any:
    """Return global average pooling and a classifier."""
    return layers.Dense(units, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def finish(x: Any) -> Any:
    """Return one more 1x1 convolution, so that what stands before it lies inside, and the head."""
    return dense_head(pointwise(x, 32))


def body(x: Any, activation: Activation = "relu6") -> Any:
    """Return two separable blocks, the second one halving the size."""
    x = pointwise(depthwise(x, activation=activation), 16, activation)
    return pointwise(depthwise(x, 2, activation=activation), 24, activation)


def trunk(size: int = 32, activation: Activation = "relu6") -> tuple[Any, Any]:
    """Return an input and the features of a small network that can run sparse."""
    start = image(size)
    return start, body(stem(start, activation=activation), activation)


def with_tail(tail: Tail, size: int = 32) -> keras.Model:
    """Return the small network with `tail` in place of its head."""
    start, x = trunk(size)
    return keras.Model(start, tail(x))


def with_activation(activation: Activation) -> keras.Model:
    """Return the small network with another activation everywhere."""
    start, x = trunk(activation=activation)
    return keras.Model(start, dense_head(x))


def with_stem(make: Callable[[Any], Any], start: Any = None) -> keras.Model:
    """Return the small network with another stem."""
    start = image() if start is None else start
    return keras.Model(start, dense_head(body(make(start))))


def with_middle(middle: Tail, size: int = 32) -> keras.Model:
    """Return the small network with `middle` between two of its 1x1 convolutions."""
    return with_tail(lambda x: finish(middle(x)), size)


def squeeze_excite(
    x: Any,
    keepdims: bool = True,
    gate: Activation = "sigmoid",
    inner: Activation = "relu",
    dense: bool = False,
) -> Any:
    """Return `x` times a gate for each channel, computed from its mean over the image."""
    channels = x.shape[-1]
    s = layers.GlobalAveragePooling2D(keepdims=keepdims)(x)
    if not keepdims and not dense:
        s = layers.Reshape((1, 1, channels))(s)
    if dense:
        s = layers.Dense(channels)(activate(layers.Dense(8)(s), inner))
        s = s if keepdims else layers.Reshape((1, 1, channels))(s)
    else:
        s = layers.Conv2D(channels, 1)(activate(layers.Conv2D(8, 1)(s), inner))
    return layers.Multiply()([x, activate(s, gate)])


def prune(model: keras.Model, sparsity: float, seed: int = 0) -> keras.Model:
    """Set exactly the nearest share of the weights of each 1x1 convolution to zero.

    Dense layers with 1,024 weights or more are pruned too.
    """
    random = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if is_pointwise(layer) or (
            isinstance(layer, layers.Dense) and math.prod(layer.kernel.shape) >= 1024
        ):
            kernel = np.array(layer.kernel)
            order = random.permutation(kernel.size)[: round(sparsity * kernel.size)]
            kernel.reshape(-1)[order] = 0
            layer.kernel.assign(kernel)
    return model


def is_pointwise(layer: Any) -> bool:
    """Whether a layer is a 1x1 convolution."""
    return isinstance(layer, layers.Conv2D) and tuple(layer.kernel_size) == (1, 1)


def warm(model: keras.Model, seed: int = 0) -> keras.Model:
    """Give every BatchNormalization statistics of its own for each channel."""
    random = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            shape = layer.moving_mean.shape
            ranges = [(0.5, 1.5), (-0.3, 0.3), (-0.1, 0.1), (0.1, 0.5)]
            layer.set_weights([random.uniform(*span, shape) for span in ranges])
        elif isinstance(layer, layers.Normalization) and layer.built:
            layer.mean, layer.variance = layer.mean * 0 + 0.3, layer.variance * 0 + 2.0
    return model
