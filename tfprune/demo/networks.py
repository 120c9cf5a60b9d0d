"""The demo's network: a small MobileNet that can run sparse on ARM cores."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.demo.digits import PADDED

layers = keras.layers

# Channels and stride of each block; two stride-1 blocks of equal width get a residual.
BLOCKS = ((48, 2), (96, 2), (96, 1), (192, 1), (192, 1))
STEM = 24


def small_mobilenet(width: float = 1.0, classes: int = 10) -> Any:
    """Build a MobileNet-style classifier of (32, 32, 3) images; it returns logits.

    A 3x3 stem with stride 2, depthwise-separable blocks with residuals, global average pooling, a
    Dense head. Where the stride is 2 the padding is explicit and symmetric, because XNNPACK's
    sparse kernels know no other (`tfprune.PruneForLatencyOnXNNPack` lists the rules). Source of
    the blocks: Howard et al., "MobileNets", arXiv:1704.04861; of the residuals: Sandler et al.,
    "MobileNetV2", arXiv:1801.04381.

    Args:
        width: Multiplies every layer's channels.
        classes: The width of the head.
    """
    image = keras.Input((PADDED, PADDED, 3), name="image")
    x = layers.ZeroPadding2D(1, name="stem_pad")(image)
    x = layers.Conv2D(_channels(STEM, width), 3, 2, use_bias=False, name="stem")(x)
    x = _normalized(x, "stem")
    for number, (channels, stride) in enumerate(BLOCKS, 1):
        x = _block(x, _channels(channels, width), stride, f"block{number}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(classes, name="head")(x), name="small_mobilenet")


def _block(x: Any, channels: int, stride: int, name: str) -> Any:
    shortcut = x
    if stride == 2:
        x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    padding = "valid" if stride == 2 else "same"
    depthwise = layers.DepthwiseConv2D(
        3, stride, padding=padding, use_bias=False, name=f"{name}_depthwise"
    )
    x = _normalized(depthwise(x), f"{name}_depthwise")
    pointwise = layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_pointwise")
    x = _normalized(pointwise(x), f"{name}_pointwise")
    if shortcut.shape == x.shape:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _normalized(x: Any, name: str) -> Any:
    # Keras' momentum of 0.99 lags behind in a training of a few hundred steps.
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _channels(channels: int, width: float) -> int:
    """Scale to a multiple of 4, so that blocks of 2 output channels fit."""
    return max(4, round(channels * width / 4) * 4)
