"""The models on which the doctor is held against the truth: a table of names and functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from proofs import doctor_blocks as b


@dataclass(frozen=True)
class Variant:
    """One model and how it is converted.

    Args:
        build: Makes the Keras model.
        sparsity: The share of zeros in its 1x1 convolutions.
        quantize: As in `tfprune.convert`.
        encoded: Whether it is stored sparse, whatever `convert` would say.
        batch: The fixed batch size.
        prune: Sets the zeros.
    """

    build: Callable[[], keras.Model]
    sparsity: float = 0.8
    quantize: str | None = None
    encoded: bool = True
    batch: int | None = 1
    prune: Callable[[keras.Model, float], Any] = b.prune


def _activations() -> dict[str, Variant]:
    named = [
        "relu",
        "relu6",
        "hard_silu",
        "silu",
        "gelu",
        "elu",
        "sigmoid",
        "tanh",
        "leaky_relu",
        "softplus",
        "softsign",
        "selu",
        "mish",
        "hard_sigmoid",
        "linear",
    ]
    functions: dict[str, Callable[[Any], Any]] = {
        "gelu, approximate": partial(keras.activations.gelu, approximate=True),
        "relu to 1": lambda x: ops.clip(x, -1.0, 1.0),
        "clip to 4": lambda x: ops.clip(x, 0.0, 4.0),
        "square of tanh": lambda x: ops.square(ops.tanh(x)),
        "exponential of tanh": lambda x: ops.exp(ops.tanh(x)),
        "absolute value": ops.abs,
        "PReLU": lambda x: layers.PReLU(shared_axes=[1, 2])(x),
        "threshold": lambda x: layers.ReLU(threshold=0.5)(x),
    }
    table = {f"activation {name}": Variant(partial(b.with_activation, name)) for name in named}
    for name, function in functions.items():
        table[f"activation {name}"] = Variant(partial(b.with_activation, function))
    return table


def _stems() -> dict[str, Variant]:
    uneven = ((0, 1), (0, 1))
    makers: dict[str, Callable[[Any], Any]] = {
        "stem padded by 1": b.stem,
        "stem 'same'": partial(b.stem, pad="same"),
        "stem padded right and below": partial(b.stem, pad=uneven),
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
    table = {name: Variant(partial(b.with_stem, make)) for name, make in makers.items()}
    for channels in (1, 4):
        table[f"stem on {channels} channels"] = Variant(
            partial(lambda c: b.with_stem(b.stem, b.image(channels=c)), channels)
        )
    return table


def _sizes() -> dict[str, Variant]:
    sizes = ((32, 64), (48, 48), (64, 64), (96, 96), (112, 112), (33, 33), (40, 40), (50, 50))
    return {f"size {h}x{w}": Variant(partial(_deep, h, w)) for h, w in ((32, 32), *sizes)} | {
        "size 48x48, halved twice": Variant(partial(b.with_tail, b.dense_head, 48)),
        "batch of 2": Variant(partial(_deep, 32, 32), batch=2),
        "open batch": Variant(partial(_deep, 32, 32), batch=None),
    }


def _deep(height: int, width: int) -> keras.Model:
    start = b.image(height, width)
    x = b.stem(start)
    for filters in (16, 24, 32, 40):
        x = b.pointwise(b.depthwise(x, 2), filters)
    return keras.Model(start, b.dense_head(x))


def _depthwise() -> dict[str, Variant]:
    uneven = ((0, 1), (0, 1))
    middles: dict[str, b.Tail] = {
        "depthwise 5x5": partial(b.depthwise, kernel=5),
        "depthwise 5x5 stride 2": partial(b.depthwise, stride=2, kernel=5),
        "depthwise 5x5 stride 2 padded by 1": partial(b.depthwise, stride=2, kernel=5, pad=1),
        "depthwise 7x7": partial(b.depthwise, kernel=7),
        "depthwise padded by hand at stride 1": partial(b.depthwise, pad=1),
        "depthwise 'same' at stride 2": partial(b.depthwise, stride=2, pad="same"),
        "depthwise padded right and below": partial(b.depthwise, stride=2, pad=uneven),
        "depthwise not padded": partial(b.depthwise, pad=0),
        "depthwise dilated": partial(b.depthwise, dilation_rate=2),
        "depthwise with multiplier 2": partial(b.depthwise, depth_multiplier=2),
        "depthwise without activation": partial(b.depthwise, activation=None),
    }
    return {name: Variant(partial(b.with_middle, middle)) for name, middle in middles.items()}


def _inside() -> dict[str, Variant]:
    middles: dict[str, b.Tail] = {
        "max pooling": lambda x: layers.MaxPooling2D(2)(x),
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
        "residual": lambda x: layers.Add()(
            [x, b.pointwise(b.depthwise(b.pointwise(x, 48)), 24, None)]
        ),
        "residual, activated": lambda x: layers.ReLU()(layers.Add()([x, b.pointwise(x, 24, None)])),
        "sum of three maps": lambda x: layers.Add()([x, b.pointwise(x, 24), b.depthwise(x)]),
        "residual over max pooling": lambda x: layers.Add()(
            [x, layers.MaxPooling2D(3, 1, "same")(x)]
        ),
        "mean over channels as a gate": lambda x: x * ops.mean(x, axis=-1, keepdims=True),
        "pixels to depth and back": lambda x: ops.reshape(
            ops.reshape(x, (-1, 8, 192)), (-1, 8, 8, 24)
        ),
    }
    return {
        f"inside: {n}": Variant(partial(b.with_middle, middle)) for n, middle in middles.items()
    }


def _pooled(x: Any) -> Any:
    return layers.MaxPooling2D(2)(x)


def _read_twice(x: Any) -> Any:
    return layers.Add()([layers.DepthwiseConv2D(3, 2)(x), layers.DepthwiseConv2D(3, 2)(x)])


def _squeezes() -> dict[str, Variant]:
    hard = keras.activations.hard_sigmoid
    forms: dict[str, b.Tail] = {
        "keepdims, sigmoid": b.squeeze_excite,
        "keepdims, hard sigmoid": partial(b.squeeze_excite, gate=hard),
        "keepdims, silu inside": partial(b.squeeze_excite, inner="silu"),
        "reshape, sigmoid": partial(b.squeeze_excite, keepdims=False),
        "reshape, hard sigmoid": partial(b.squeeze_excite, keepdims=False, gate=hard),
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
    table = {f"SE: {n}": Variant(partial(b.with_middle, form)) for n, form in forms.items()}
    table["SE: last, then the head"] = Variant(
        partial(b.with_tail, lambda x: b.dense_head(b.squeeze_excite(x)))
    )
    return table


def _heads() -> dict[str, Variant]:
    gap = layers.GlobalAveragePooling2D
    tails: dict[str, b.Tail] = {
        "GAP, Dense": b.dense_head,
        "GAP, Dense without softmax": lambda x: layers.Dense(10)(gap()(x)),
        "GAP alone": lambda x: gap()(x),
        "GAP, two Dense": lambda x: layers.Dense(5)(layers.Dense(64, "relu")(gap()(x))),
        "GAP, Dropout, Dense": lambda x: layers.Dense(5)(layers.Dropout(0.3)(gap()(x))),
        "GAP, BatchNormalization, Dense": lambda x: layers.Dense(5)(b.norm(gap()(x))),
        "GAP, LayerNormalization": lambda x: layers.Dense(5)(layers.LayerNormalization()(gap()(x))),
        "GAP, two Dense side by side": lambda x: [
            layers.Dense(5)(gap()(x)),
            layers.Dense(3)(gap()(x)),
        ],
        "GAP, features too": lambda x: [layers.Dense(5)(g := gap()(x)), layers.ReLU()(g)],
        "GAP keepdims, 1x1 convolution": lambda x: layers.Flatten()(
            layers.Conv2D(10, 1)(gap(keepdims=True)(x))
        ),
        "GAP keepdims, 1x1 convolution, softmax": lambda x: layers.Softmax()(
            layers.Reshape((10,))(layers.Conv2D(10, 1)(gap(keepdims=True)(x)))
        ),
        "GAP keepdims, flatten, Dense": lambda x: layers.Dense(5)(
            layers.Flatten()(gap(keepdims=True)(x))
        ),
        "GAP keepdims, Dense": lambda x: layers.Dense(5)(gap(keepdims=True)(x)),
        "GAP keepdims, activation, flatten": lambda x: layers.Flatten()(
            layers.Activation("silu")(gap(keepdims=True)(x))
        ),
        "GAP keepdims alone": lambda x: gap(keepdims=True)(x),
        "sum over the image": lambda x: layers.Dense(5)(ops.sum(x, axis=(1, 2))),
        "mean over rows": lambda x: layers.Dense(5)(layers.Flatten()(ops.mean(x, axis=1))),
        "mean over channels": lambda x: layers.Dense(5)(layers.Flatten()(ops.mean(x, axis=3))),
        "mean over everything": lambda x: ops.mean(x, axis=(1, 2, 3)),
        "global max pooling": lambda x: layers.Dense(5)(layers.GlobalMaxPooling2D()(x)),
        "flatten, Dense": lambda x: layers.Dense(5)(layers.Flatten()(x)),
        "average pooling, flatten, Dense": lambda x: layers.Dense(5)(
            layers.Flatten()(layers.AveragePooling2D(8)(x))
        ),
        "map as the only output": lambda x: b.pointwise(x, 10, "sigmoid"),
        "map as a second output": lambda x: [b.dense_head(x), layers.ReLU()(x)],
        "pooling and a map that is read again": lambda x: [b.dense_head(x), b.finish(x)],
        "convolution 3x3, GAP": lambda x: b.dense_head(layers.Conv2D(8, 3)(x)),
        "depth to space": lambda x: ops.nn.depth_to_space(b.pointwise(x, 12), 2),
        "depth to space, convolution": lambda x: layers.Conv2D(3, 3)(
            ops.nn.depth_to_space(b.pointwise(x, 12), 2)
        ),
        "segmentation, bilinear": lambda x: layers.Softmax()(
            layers.UpSampling2D(4, interpolation="bilinear")(b.pointwise(x, 5, None))
        ),
        "two detectors": lambda x: [b.dense_head(b.pointwise(x, 16)), b.dense_head(b.body(x))],
    }
    if not hasattr(ops.nn, "depth_to_space"):
        import tensorflow as tf

        class DepthToSpace(layers.Layer):
            def call(self, x: Any) -> Any:
                return tf.nn.depth_to_space(x, 2)

        tails["depth to space"] = lambda x: DepthToSpace()(b.pointwise(x, 12))
        tails["depth to space, convolution"] = lambda x: layers.Conv2D(3, 3)(
            DepthToSpace()(b.pointwise(x, 12))
        )
    return {f"head: {name}": Variant(partial(b.with_tail, tail)) for name, tail in tails.items()}


def _clusters() -> dict[str, Variant]:
    def inputs(*tails: b.Tail) -> keras.Model:
        starts = [b.image() for _ in tails]
        pooled = [
            layers.GlobalAveragePooling2D()(tail(b.body(b.stem(start))))
            for start, tail in zip(starts, tails, strict=True)
        ]
        return keras.Model(starts, layers.Dense(5)(layers.Concatenate()(pooled)))

    def branches(merge: Callable[[list[Any]], Any]) -> keras.Model:
        start = b.image()
        x = b.stem(start)
        return keras.Model(start, b.finish(merge([b.body(x), b.body(x)])))

    def stems() -> keras.Model:
        start = b.image()
        x = layers.Add()([b.stem(start), b.stem(start)])
        return keras.Model(start, b.dense_head(b.body(x)))

    plain: b.Tail = lambda x: x  # noqa: E731
    return {
        "two clusters": Variant(partial(inputs, plain, plain)),
        "two clusters, one broken": Variant(
            partial(inputs, plain, lambda x: b.pointwise(_pooled(x), 8))
        ),
        "two clusters, one hardly pruned": Variant(
            partial(inputs, plain, plain), prune=lambda model, s: _second_half(model, s)
        ),
        "two branches added": Variant(partial(branches, lambda maps: layers.Add()(maps))),
        "two branches concatenated": Variant(
            partial(branches, lambda maps: layers.Concatenate()(maps))
        ),
        "two stems added": Variant(stems),
    }


def _second_half(model: keras.Model, sparsity: float) -> None:
    b.prune(model, 0.4)
    convolutions = [layer for layer in model.layers if b.is_pointwise(layer)]
    for layer in convolutions[: len(convolutions) // 2]:
        b.prune(keras.Sequential([keras.Input(layer.input.shape[1:]), layer]), sparsity)


def _plain(**options: Any) -> Variant:
    return Variant(partial(b.with_tail, b.dense_head), **options)


def _residual_net() -> keras.Model:
    start, x = b.trunk(64)
    for filters, stride in ((12, 2), (12, 1), (20, 2), (20, 1)):
        y = b.pointwise(b.depthwise(b.pointwise(x, 4 * x.shape[-1]), stride), filters, None)
        x = layers.Add()([x, y]) if x.shape == y.shape else y
    return keras.Model(start, b.finish(x))


def _sparsities() -> dict[str, Variant]:
    def one_layer(model: keras.Model, sparsity: float) -> None:
        largest = max(
            filter(b.is_pointwise, model.layers), key=lambda layer: math.prod(layer.kernel.shape)
        )
        b.prune(keras.Sequential([keras.Input(largest.input.shape[1:]), largest]), sparsity)

    shares = (0.0, 0.2, 0.3, 0.5, 0.64, 0.66, 0.67, 0.7, 0.9, 0.95)
    table = {f"sparsity {100 * s:.0f} %": _plain(sparsity=s) for s in shares}
    return (
        table
        | {
            f"inverted residuals, {100 * s:.0f} %": Variant(_residual_net, s)
            for s in (0.66, 0.67, 0.9)
        }
        | {
            "only one layer pruned": _plain(sparsity=0.9, prune=one_layer),
            "broken cluster, 60 %": Variant(partial(b.with_middle, _pooled), 0.6),
            "stored dense, 90 %": _plain(sparsity=0.9, encoded=False),
            "broken cluster, stored dense": Variant(partial(b.with_middle, _pooled), encoded=False),
        }
    )


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


def _types() -> dict[str, Variant]:
    table = {}
    for quantize in ("float16", "dynamic", "int8", "int16x8"):
        table[f"{quantize}: small network"] = _plain(quantize=quantize)
        table[f"{quantize}: wide network"] = Variant(_wide, quantize=quantize)
        table[f"{quantize}: Dense layers"] = Variant(_mlp, quantize=quantize)
        table[f"{quantize}: small network, stored dense"] = _plain(quantize=quantize, encoded=False)
    for name, tail in (("max pooling", _pooled), ("SE", b.squeeze_excite)):
        table[f"float16: {name}"] = Variant(partial(b.with_middle, tail), quantize="float16")
        table[f"int8: {name}"] = Variant(partial(b.with_middle, tail), quantize="int8")
    for share in (0.66, 0.67):
        table[f"float16: {100 * share:.0f} %"] = _plain(sparsity=share, quantize="float16")
    return table | {
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


def _wide() -> keras.Model:
    start = b.image()
    x = b.pointwise(b.depthwise(b.pointwise(b.stem(start, 16), 64)), 64)
    return keras.Model(start, layers.Dense(64)(layers.GlobalAveragePooling2D()(x)))


def _applications() -> dict[str, Variant]:
    def make(name: str, **options: Any) -> keras.Model:
        shape = (options.pop("size"),) * 2 + (3,)
        builder = getattr(keras.applications, name)
        return builder(weights=None, input_shape=shape, classes=10, **options)

    models: dict[str, dict[str, Any]] = {
        "MobileNet": {"size": 64, "alpha": 0.25},
        "MobileNetV2": {"size": 64, "alpha": 0.35},
        "MobileNetV3Small": {"size": 64, "alpha": 0.75},
        "MobileNetV3Small, minimalistic": {"size": 64, "alpha": 0.75, "minimalistic": True},
        "EfficientNetB0": {"size": 32},
        "NASNetMobile": {"size": 32},
    }
    table = {}
    for name, options in models.items():
        for encoded in (True, False):
            build = partial(make, name.split(",")[0], **options)
            label = f"keras.applications.{name}" + ("" if encoded else ", stored dense")
            table[label] = Variant(build, 0.9, encoded=encoded)
    return table


VARIANTS: dict[str, Variant] = {
    name: variant
    for part in (
        _activations,
        _stems,
        _sizes,
        _depthwise,
        _inside,
        _squeezes,
        _heads,
        _clusters,
        _sparsities,
        _types,
        _applications,
    )
    for name, variant in part().items()
}
