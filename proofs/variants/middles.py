"""What stands between two 1x1 convolutions: single ops, branches, squeeze-and-excite."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras
from keras import layers, ops

from proofs.variants import blocks as b
from proofs.variants.variant import Variant, around


def pooled(x: Any) -> Any:
    """Return the maxima over 2x2 pixels."""
    return layers.MaxPooling2D(2)(x)


def _read_twice(x: Any) -> Any:
    return layers.Add()([layers.DepthwiseConv2D(3, 2)(x), layers.DepthwiseConv2D(3, 2)(x)])


_MIDDLES: dict[str, b.Tail] = {
    "max pooling": pooled,
    "average pooling": lambda x: layers.AveragePooling2D(2)(x),
    "convolution 3x3": lambda x: layers.Conv2D(24, 3, padding="same")(x),
    "convolution 1x3": lambda x: layers.Conv2D(24, (1, 3), padding="same")(x),
    "grouped 1x1 convolution": lambda x: layers.Conv2D(24, 1, groups=2)(x),
    "1x1 convolution at stride 2": lambda x: layers.Conv2D(24, 1, 2)(x),
    "transposed convolution": lambda x: layers.Conv2DTranspose(24, 3, 2, "same")(x),
    "concatenation": lambda x: layers.Concatenate()([b.pointwise(x, 8), b.pointwise(x, 8)]),
    "subtraction of maps": lambda x: layers.Subtract()([x, b.pointwise(x, 24)]),
    "addition of a number": lambda x: x + 0.5,
    "multiplication by a number": lambda x: x * 0.7,
    "BatchNormalization unfolded": lambda x: b.norm(layers.Activation("tanh")(x)),
    "addition to itself": lambda x: layers.Add()([x, x]),
    "multiplication by itself": lambda x: layers.Multiply()([x, x]),
    "product of two maps": lambda x: layers.Multiply()([x, b.pointwise(x, 24, "sigmoid")]),
    "maximum of maps": lambda x: layers.Maximum()([x, b.pointwise(x, 24)]),
    "nearest upsampling": lambda x: layers.UpSampling2D(2)(x),
    "bilinear upsampling": lambda x: layers.UpSampling2D(2, interpolation="bilinear")(x),
    "bilinear resizing to 5x7": lambda x: layers.Resizing(5, 7)(x),
    "one pixel resized": lambda x: layers.Add()(
        [x, layers.Resizing(8, 8)(layers.GlobalAveragePooling2D(keepdims=True)(x))]
    ),
    "reversed channels": lambda x: x[..., ::-1],
    "gate for each pixel": lambda x: layers.Multiply()([x, b.pointwise(x, 1, "sigmoid")]),
    "one channel and back": lambda x: b.pointwise(b.pointwise(b.pointwise(x, 1), 1), 24),
    "one layer used twice": lambda x: (again := layers.Conv2D(24, 1))(again(x)),
    "cropping": lambda x: layers.Cropping2D(1)(x),
    "padding alone": lambda x: layers.ZeroPadding2D(1)(x),
    "padding read twice": lambda x: _read_twice(layers.ZeroPadding2D(1)(x)),
    "dropout": lambda x: layers.SpatialDropout2D(0.2)(layers.Dropout(0.2)(x)),
    "LayerNormalization": lambda x: layers.LayerNormalization()(x),
    "Dense on a map": lambda x: layers.Dense(24)(x),
    "residual": lambda x: layers.Add()([x, b.pointwise(b.depthwise(b.pointwise(x, 48)), 24, None)]),
    "residual, activated": lambda x: layers.ReLU()(layers.Add()([x, b.pointwise(x, 24, None)])),
    "sum of three maps": lambda x: layers.Add()([x, b.pointwise(x, 24), b.depthwise(x)]),
    "residual over max pooling": lambda x: layers.Add()([x, layers.MaxPooling2D(3, 1, "same")(x)]),
    "mean over channels as a gate": lambda x: x * ops.mean(x, axis=-1, keepdims=True),
    "pixels to depth and back": lambda x: ops.reshape(ops.reshape(x, (-1, 8, 192)), (-1, 8, 8, 24)),
}
_HARD = keras.activations.hard_sigmoid
_SQUEEZES: dict[str, b.Tail] = {
    "keepdims, sigmoid": b.squeeze_excite,
    "keepdims, hard sigmoid": partial(b.squeeze_excite, gate=_HARD),
    "keepdims, silu inside": partial(b.squeeze_excite, inner="silu"),
    "reshape, sigmoid": partial(b.squeeze_excite, keepdims=False),
    "reshape, hard sigmoid": partial(b.squeeze_excite, keepdims=False, gate=_HARD),
    "Dense and reshape": partial(b.squeeze_excite, keepdims=False, dense=True),
    "Dense with keepdims": partial(b.squeeze_excite, dense=True),
    "no gate function": partial(b.squeeze_excite, gate=None),
    "added": lambda x: layers.Add()(
        [x, layers.Conv2D(24, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x))]
    ),
    "twice": lambda x: b.squeeze_excite(b.pointwise(b.squeeze_excite(x), 24)),
    "in a residual branch": lambda x: layers.Add()(
        [x, b.pointwise(b.squeeze_excite(b.pointwise(x, 48)), 24, None)]
    ),
    "on 40 channels": lambda x: b.squeeze_excite(b.pointwise(x, 40)),
    "mean alone as a gate": lambda x: x * ops.mean(x, axis=(1, 2), keepdims=True),
    "right before the head": lambda x: b.squeeze_excite(b.pointwise(x, 24)),
}

INSIDE = around(b.with_middle, _MIDDLES, "inside: ")
SQUEEZES = around(b.with_middle, _SQUEEZES, "SE: ") | {
    "SE: last, then the head": Variant(
        partial(b.with_tail, lambda x: b.dense_head(b.squeeze_excite(x)))
    ),
}
