"""Activations, first convolutions, input sizes, depthwise convolutions."""

from __future__ import annotations

from functools import partial

import keras
from keras import layers, ops

from proofs.variants import blocks as b
from proofs.variants.variant import Variant, around

_UNEVEN = ((0, 1), (0, 1))
_NAMED = (
    *("relu", "relu6", "hard_silu", "silu", "gelu", "elu", "sigmoid", "tanh", "leaky_relu"),
    *("softplus", "softsign", "selu", "mish", "hard_sigmoid", "linear"),
)
_FUNCTIONS: dict[str, b.Activation] = {
    "gelu, approximate": partial(keras.activations.gelu, approximate=True),
    "relu to 1": lambda x: ops.clip(x, -1.0, 1.0),
    "clip to 4": lambda x: ops.clip(x, 0.0, 4.0),
    "square of tanh": lambda x: ops.square(ops.tanh(x)),
    "exponential of tanh": lambda x: ops.exp(ops.tanh(x)),
    "absolute value": ops.abs,
    "PReLU": lambda x: layers.PReLU(shared_axes=[1, 2])(x),
    "threshold": lambda x: layers.ReLU(threshold=0.5)(x),
}
_STEMS: dict[str, b.Tail] = {
    "stem padded by 1": b.stem,
    "stem 'same'": partial(b.stem, pad="same"),
    "stem padded right and below": partial(b.stem, pad=_UNEVEN),
    "stem padded by 2": partial(b.stem, pad=2),
    "stem not padded": partial(b.stem, pad=0),
    "stem 5x5": partial(b.stem, pad=2, kernel=5),
    "stem 7x7": partial(b.stem, pad=3, kernel=7),
    "stem 1x1": partial(b.stem, pad=0, kernel=1, stride=1),
    "stem stride 1": partial(b.stem, stride=1),
    "stem stride 4": partial(b.stem, stride=4),
    "stem with 7 filters": partial(b.stem, filters=7),
    "stem without activation": partial(b.stem, activation=None),
    "Rescaling before the stem": lambda x: b.stem(layers.Rescaling(1 / 127.5, -1.0)(x)),
    "Normalization before the stem": lambda x: b.stem(layers.Normalization()(x)),
    "multiplication before the stem": lambda x: b.stem(x * 0.5),
    "resizing before the stem": lambda x: b.stem(
        layers.UpSampling2D(2, interpolation="bilinear")(x)
    ),
    "convolution before the stem": lambda x: b.stem(layers.Conv2D(3, 3, padding="same")(x)),
    "1x1 convolution before the stem": lambda x: b.stem(b.pointwise(x, 3)),
    "pooling after the stem": lambda x: layers.MaxPooling2D(2)(b.stem(x)),
    "reversed channels before the stem": lambda x: b.stem(x[..., ::-1]),
}
_DEPTHWISE: dict[str, b.Tail] = {
    "depthwise 5x5": partial(b.depthwise, kernel=5),
    "depthwise 5x5 stride 2": partial(b.depthwise, stride=2, kernel=5),
    "depthwise 5x5 stride 2 padded by 1": partial(b.depthwise, stride=2, kernel=5, pad=1),
    "depthwise 7x7": partial(b.depthwise, kernel=7),
    "depthwise padded by hand at stride 1": partial(b.depthwise, pad=1),
    "depthwise 'same' at stride 2": partial(b.depthwise, stride=2, pad="same"),
    "depthwise padded right and below": partial(b.depthwise, stride=2, pad=_UNEVEN),
    "depthwise not padded": partial(b.depthwise, pad=0),
    "depthwise dilated": partial(b.depthwise, dilation_rate=2),
    "depthwise with multiplier 2": partial(b.depthwise, depth_multiplier=2),
    "depthwise without activation": partial(b.depthwise, activation=None),
}
_SIZES = (
    (32, 32),
    (32, 64),
    (48, 48),
    (64, 64),
    (96, 96),
    (112, 112),
    (33, 33),
    (40, 40),
    (50, 50),
)


def _deep(height: int, width: int) -> keras.Model:
    start = b.image(height, width)
    x = b.stem(start)
    for filters in (16, 24, 32, 40):
        x = b.pointwise(b.depthwise(x, 2), filters)
    return keras.Model(start, b.dense_head(x))


def _on_channels(channels: int) -> keras.Model:
    return b.with_stem(b.stem, b.image(channels=channels))


ACTIVATIONS = around(b.with_activation, {n: n for n in _NAMED} | _FUNCTIONS, "activation ")
STEMS = around(b.with_stem, _STEMS) | {
    f"stem on {channels} channels": Variant(partial(_on_channels, channels)) for channels in (1, 4)
}
SIZES = {f"size {h}x{w}": Variant(partial(_deep, h, w)) for h, w in _SIZES} | {
    "size 48x48, halved twice": Variant(partial(b.with_tail, b.dense_head, 48)),
    "batch of 2": Variant(partial(_deep, 32, 32), batch=2),
    "open batch": Variant(partial(_deep, 32, 32), batch=None),
}
DEPTHWISE = around(b.with_middle, _DEPTHWISE)
