"""How many zeros, stored how, in which number format; and models people know."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from proofs.variants import blocks as b
from proofs.variants.middles import pooled
from proofs.variants.variant import Variant


def _plain(**options: Any) -> Variant:
    return Variant(partial(b.with_tail, b.dense_head), **options)


def _residual_net() -> keras.Model:
    start, x = b.trunk(64)
    for filters, stride in ((12, 2), (12, 1), (20, 2), (20, 1)):
        y = b.pointwise(b.depthwise(b.pointwise(x, 4 * x.shape[-1]), stride), filters, None)
        x = layers.Add()([x, y]) if x.shape == y.shape else y
    return keras.Model(start, b.finish(x))


def _largest_only(model: keras.Model, sparsity: float) -> None:
    found = filter(b.is_pointwise, model.layers)
    largest = max(found, key=lambda layer: math.prod(layer.kernel.shape))
    b.prune(keras.Sequential([keras.Input(largest.input.shape[1:]), largest]), sparsity)


def _mlp(units: int = 64) -> keras.Model:
    start = keras.Input((units,))
    x = layers.Dense(units, "relu")(start)
    return keras.Model(start, layers.Dense(5)(layers.Dense(units, "relu")(x)))


def _lenet() -> keras.Model:
    start = b.image(28, channels=1)
    x = layers.MaxPooling2D()(layers.Conv2D(8, 5, activation="relu")(start))
    x = layers.Flatten()(layers.MaxPooling2D()(layers.Conv2D(16, 5, activation="relu")(x)))
    return keras.Model(start, layers.Dense(10)(layers.Dense(64, activation="relu")(x)))


def _lstm(unroll: bool) -> keras.Model:
    start = keras.Input((4, 32))
    return keras.Model(start, layers.Dense(32)(layers.LSTM(16, unroll=unroll)(start)))


def _attention() -> keras.Model:
    start = keras.Input((8, 32))
    x = layers.MultiHeadAttention(2, 16)(start, start)
    return keras.Model(start, layers.Dense(32)(layers.LayerNormalization()(x + start)))


def _erf() -> keras.Model:
    start, x = b.trunk()
    return keras.Model(start, b.finish(ops.erf(x)))


def _blocks_of(width: int) -> Callable[[keras.Model, float], None]:
    def prune(model: keras.Model, sparsity: float) -> None:
        random = np.random.default_rng(0)
        for layer in model.layers:
            if isinstance(layer, layers.Dense) and math.prod(layer.kernel.shape) >= 1024:
                blocks = np.array(layer.kernel).T.reshape(-1, width)
                blocks[random.permutation(len(blocks))[: round(sparsity * len(blocks))]] = 0
                layer.kernel.assign(blocks.reshape(layer.kernel.shape[::-1]).T)

    return prune


def _wide() -> keras.Model:
    start = b.image()
    x = b.pointwise(b.depthwise(b.pointwise(b.stem(start, 16), 64)), 64)
    return keras.Model(start, layers.Dense(64)(layers.GlobalAveragePooling2D()(x)))


def _formats(quantize: str) -> dict[str, Variant]:
    return {
        f"{quantize}: small network": _plain(quantize=quantize),
        f"{quantize}: wide network": Variant(_wide, quantize=quantize),
        f"{quantize}: Dense layers": Variant(_mlp, quantize=quantize),
        f"{quantize}: small network, stored dense": _plain(quantize=quantize, encoded=False),
    }


def _application(name: str, size: int, **options: Any) -> keras.Model:
    build = getattr(keras.applications, name)
    return build(weights=None, input_shape=(size, size, 3), classes=10, **options)


_SHARES = (0.0, 0.2, 0.3, 0.5, 0.64, 0.66, 0.67, 0.7, 0.9, 0.95)
_APPLICATIONS: dict[str, Callable[[], keras.Model]] = {
    "MobileNet": partial(_application, "MobileNet", 64, alpha=0.25),
    "MobileNetV2": partial(_application, "MobileNetV2", 64, alpha=0.35),
    "MobileNetV3Small": partial(_application, "MobileNetV3Small", 64, alpha=0.75),
    "MobileNetV3Small, minimalistic": partial(
        _application, "MobileNetV3Small", 64, alpha=0.75, minimalistic=True
    ),
    "EfficientNetB0": partial(_application, "EfficientNetB0", 32),
    "NASNetMobile": partial(_application, "NASNetMobile", 32),
}

_pooled_inside = partial(b.with_middle, pooled)
_gated_inside = partial(b.with_middle, b.squeeze_excite)

SPARSITIES = (
    {f"sparsity {100 * share:.0f} %": _plain(sparsity=share) for share in _SHARES}
    | {
        f"inverted residuals, {100 * share:.0f} %": Variant(_residual_net, share)
        for share in (0.66, 0.67, 0.9)
    }
    | {
        "only one layer pruned": _plain(sparsity=0.9, prune=_largest_only),
        "broken cluster, 60 %": Variant(_pooled_inside, 0.6),
        "stored dense, 90 %": _plain(sparsity=0.9, encoded=False),
        "broken cluster, stored dense": Variant(_pooled_inside, encoded=False),
    }
)
TYPES = {
    name: variant
    for quantize in ("float16", "dynamic", "int8", "int16x8")
    for name, variant in _formats(quantize).items()
} | {
    "float16: max pooling": Variant(_pooled_inside, quantize="float16"),
    "int8: max pooling": Variant(_pooled_inside, quantize="int8"),
    "float16: SE": Variant(_gated_inside, quantize="float16"),
    "int8: SE": Variant(_gated_inside, quantize="int8"),
    "float16: 66 %": _plain(sparsity=0.66, quantize="float16"),
    "float16: 67 %": _plain(sparsity=0.67, quantize="float16"),
    "Dense layers": Variant(_mlp),
    "Dense layers, stored dense": Variant(_mlp, encoded=False),
    "Dense layers in 1x4 blocks": Variant(_mlp, prune=_blocks_of(4)),
    "int8: Dense layers in 1x16 blocks": Variant(_mlp, quantize="int8", prune=_blocks_of(16)),
    "LeNet": Variant(_lenet),
    "int8: LeNet": Variant(_lenet, quantize="int8"),
    "LSTM": Variant(partial(_lstm, False)),
    "LSTM, unrolled": Variant(partial(_lstm, True)),
    "attention": Variant(_attention),
    "op of TensorFlow": Variant(_erf),
}
APPLICATIONS = {
    f"keras.applications.{name}{ending}": Variant(build, 0.9, encoded=encoded)
    for name, build in _APPLICATIONS.items()
    for encoded, ending in ((True, ""), (False, ", stored dense"))
}
