"""Heads, and several sparse parts in one model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from proofs.variants import blocks as b
from proofs.variants.middles import pooled
from proofs.variants.variant import Variant, around


class DepthToSpace(layers.Layer):
    """Four channels become two by two pixels; Keras 3.12 has no such op."""

    def call(self, x: Any) -> Any:
        """Return twice the height and width and a quarter of the channels."""
        return tf.nn.depth_to_space(x, 2)


def _inputs(*tails: b.Tail) -> keras.Model:
    starts = [b.image() for _ in tails]
    ends = [
        layers.GlobalAveragePooling2D()(tail(b.body(b.stem(start))))
        for start, tail in zip(starts, tails, strict=True)
    ]
    return keras.Model(starts, layers.Dense(5)(layers.Concatenate()(ends)))


def _branches(merge: Callable[[list[Any]], Any]) -> keras.Model:
    start = b.image()
    x = b.stem(start)
    return keras.Model(start, b.finish(merge([b.body(x), b.body(x)])))


def _stems() -> keras.Model:
    start = b.image()
    x = layers.Add()([b.stem(start), b.stem(start)])
    return keras.Model(start, b.dense_head(b.body(x)))


def _same(x: Any) -> Any:
    return x


def _every_second(model: keras.Model, sparsity: float) -> None:
    """Prune one of two equal branches: Keras lists their layers in turn."""
    b.prune(model, 0.4)
    for layer in [layer for layer in model.layers if b.is_pointwise(layer)][::2]:
        b.prune(keras.Sequential([keras.Input(layer.input.shape[1:]), layer]), sparsity)


_gap = layers.GlobalAveragePooling2D
_HEADS: dict[str, b.Tail] = {
    "GAP, Dense": b.dense_head,
    "GAP, Dense without softmax": lambda x: layers.Dense(10)(_gap()(x)),
    "GAP alone": lambda x: _gap()(x),
    "GAP, two Dense": lambda x: layers.Dense(5)(layers.Dense(64, "relu")(_gap()(x))),
    "GAP, Dropout, Dense": lambda x: layers.Dense(5)(layers.Dropout(0.3)(_gap()(x))),
    "GAP, BatchNormalization, Dense": lambda x: layers.Dense(5)(b.norm(_gap()(x))),
    "GAP, LayerNormalization": lambda x: layers.Dense(5)(layers.LayerNormalization()(_gap()(x))),
    "GAP, two Dense side by side": lambda x: [
        layers.Dense(5)(_gap()(x)),
        layers.Dense(3)(_gap()(x)),
    ],
    "GAP, features too": lambda x: [layers.Dense(5)(g := _gap()(x)), layers.ReLU()(g)],
    "GAP keepdims, 1x1 convolution": lambda x: layers.Flatten()(
        layers.Conv2D(10, 1)(_gap(keepdims=True)(x))
    ),
    "GAP keepdims, 1x1 convolution, softmax": lambda x: layers.Softmax()(
        layers.Reshape((10,))(layers.Conv2D(10, 1)(_gap(keepdims=True)(x)))
    ),
    "GAP keepdims, flatten, Dense": lambda x: layers.Dense(5)(
        layers.Flatten()(_gap(keepdims=True)(x))
    ),
    "GAP keepdims, Dense": lambda x: layers.Dense(5)(_gap(keepdims=True)(x)),
    "GAP keepdims, activation, flatten": lambda x: layers.Flatten()(
        layers.Activation("silu")(_gap(keepdims=True)(x))
    ),
    "GAP keepdims alone": lambda x: _gap(keepdims=True)(x),
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
    "depth to space": lambda x: DepthToSpace()(b.pointwise(x, 12)),
    "depth to space, convolution": lambda x: layers.Conv2D(3, 3)(
        DepthToSpace()(b.pointwise(x, 12))
    ),
    "segmentation, bilinear": lambda x: layers.Softmax()(
        layers.UpSampling2D(4, interpolation="bilinear")(b.pointwise(x, 5, None))
    ),
    "two detectors": lambda x: [b.dense_head(b.pointwise(x, 16)), b.dense_head(b.body(x))],
}
HEADS = around(b.with_tail, _HEADS, "head: ")
CLUSTERS = {
    "two clusters": Variant(partial(_inputs, _same, _same)),
    "two clusters, one broken": Variant(
        partial(_inputs, _same, lambda x: b.pointwise(pooled(x), 8))
    ),
    "two clusters, one hardly pruned": Variant(partial(_inputs, _same, _same), prune=_every_second),
    "two branches added": Variant(partial(_branches, lambda maps: layers.Add()(maps))),
    "two branches concatenated": Variant(
        partial(_branches, lambda maps: layers.Concatenate()(maps))
    ),
    "two stems added": Variant(_stems),
}
