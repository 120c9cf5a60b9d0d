"""Small networks for sound, recommendations and forecasts; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_blocks import Broadcasted, GatedResidual, Sampling
from proofs.strangers_images import conv
from proofs.strangers_layers import LayerScale


def bc_resnet() -> Any:
    """What is found along time is told to all frequencies."""
    sound = keras.Input((40, 16, 1))
    x = Broadcasted()(conv(sound, 8, 5, (2, 1)))
    x = Broadcasted()(conv(x, 12, 1, (2, 1)))
    x = layers.DepthwiseConv2D(5, padding="same")(x)
    x = ops.mean(layers.Conv2D(16, 1)(ops.mean(x, axis=1, keepdims=True)), axis=(1, 2))
    return keras.Model(sound, layers.Dense(12)(x))


def conformer() -> Any:
    """Half a feed-forward part, attention, a gated convolution, and the other half."""

    def half(x: Any) -> Any:
        y = layers.Dense(24, activation="silu")(layers.LayerNormalization()(x))
        return x + 0.5 * layers.Dense(12)(y)

    sound = keras.Input((32, 10))
    x = half(layers.Dense(12)(layers.Conv1D(12, 3, 2, "same", activation="relu")(sound)))
    y = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(2, 6)(y, y)
    left, right = ops.split(layers.Conv1D(24, 1)(layers.LayerNormalization()(x)), 2, axis=-1)
    y = layers.DepthwiseConv1D(7, padding="same")(left * ops.sigmoid(right))
    x = half(x + layers.Conv1D(12, 1)(ops.silu(layers.BatchNormalization()(y))))
    return keras.Model(sound, layers.Dense(20)(layers.LayerNormalization()(x)))


def denoiser() -> Any:
    """A U-Net along time whose answer is a mask for its input."""
    sound = x = keras.Input((64, 1))
    skips = []
    for width in (6, 8, 12):
        x = layers.LeakyReLU(0.1)(layers.Conv1D(width, 5, 2, "same")(x))
        skips.append(x)
    for skip, width in zip(skips[-2::-1], (8, 6), strict=True):
        x = layers.Conv1DTranspose(width, 4, 2, "same", activation="relu")(x)
        x = layers.Concatenate()([x, skip])
    mask = layers.Conv1DTranspose(1, 4, 2, "same", activation="sigmoid")(x)
    return keras.Model(sound, sound * mask)


def vae() -> Any:
    """A code that is drawn in training."""
    image = keras.Input((16, 16, 1))
    x = layers.Flatten()(conv(conv(image, 6, stride=2), 8, stride=2))
    x = layers.Dense(12, activation="relu")(x)
    code = Sampling()([layers.Dense(4)(x), layers.Dense(4)(x)])
    x = layers.Reshape((4, 4, 8))(layers.Dense(128, activation="relu")(code))
    for width in (8, 6):
        x = layers.Conv2DTranspose(width, 3, 2, "same", activation="relu")(x)
    return keras.Model(image, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(x))


def wide_and_deep() -> Any:
    """A number for each item, and a deep network beside."""
    numbers, ids = keras.Input((6,)), keras.Input((4,), dtype="int32", name="ids")
    wide = ops.sum(ops.squeeze(layers.Embedding(64, 1)(ids), -1), axis=1, keepdims=True)
    deep = layers.Concatenate()([layers.Flatten()(layers.Embedding(64, 6)(ids)), numbers])
    for width in (16, 8):
        deep = layers.Dropout(0.1)(layers.Dense(width, activation="relu")(deep))
    return keras.Model([numbers, ids], ops.sigmoid(wide + layers.Dense(1)(deep)))


def tab_transformer() -> Any:
    """Attention among the categories of a row, numbers beside."""
    numbers, ids = keras.Input((5,)), keras.Input((4,), dtype="int32", name="ids")
    x = ops.stack([layers.Embedding(64, 12)(ids[:, i]) for i in range(4)], axis=1)
    for _ in range(2):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(3, 4)(x, x))
        y = layers.Dense(12)(layers.Dense(20, activation="gelu")(x))
        x = layers.LayerNormalization()(x + y)
    x = layers.Concatenate()([layers.Flatten()(x), layers.BatchNormalization()(numbers)])
    return keras.Model([numbers, ids], layers.Dense(2)(layers.Dense(12, activation="selu")(x)))


def temporal_fusion() -> Any:
    """Gates choose among the variables of each step, then look back."""
    series = keras.Input((12, 3))
    parts = [GatedResidual(8)(series[..., i : i + 1]) for i in range(3)]
    shares = ops.softmax(layers.Dense(3)(GatedResidual(8)(series)))
    x = ops.sum(ops.stack(parts, -1) * ops.expand_dims(shares, 2), axis=-1)
    y = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(x + y * layers.Dense(8, activation="sigmoid")(y))
    return keras.Model(series, layers.Dense(3)(GatedResidual(8)(x)))


def experts() -> Any:
    """Several networks, and for each task a gate that weighs them (MMoE)."""
    user, item = (keras.Input((), dtype="int32", name=name) for name in ("user_id", "item_id"))
    x = layers.Concatenate()([layers.Embedding(64, 8)(user), layers.Embedding(64, 8)(item)])
    found = ops.stack([layers.Dense(8, activation="relu")(x) for _ in range(4)], axis=1)
    answers = []
    for _ in range(2):
        gate = layers.Reshape((4, 1))(layers.Dense(4, activation="softmax")(x))
        mixed = layers.Dense(6, activation="relu")(ops.sum(found * gate, axis=1))
        answers.append(layers.Dense(1, activation="sigmoid")(mixed))
    return keras.Model([user, item], answers)


def history() -> Any:
    """What a user liked before, by how much it is like what is offered (DIN)."""
    item = keras.Input((), dtype="int32", name="item_id")
    before = keras.Input((6,), dtype="int32", name="before_id")
    table = layers.Embedding(64, 8)
    offered, liked = table(item), table(before)
    wanted = ops.repeat(ops.expand_dims(offered, 1), 6, axis=1)
    x = ops.concatenate([wanted, liked, wanted - liked, wanted * liked], axis=-1)
    score = layers.Dense(1)(layers.Dense(10, activation="sigmoid")(x))
    x = layers.Concatenate()([ops.sum(score * liked, axis=1), offered])
    return keras.Model([item, before], layers.Dense(1)(layers.PReLU()(layers.Dense(12)(x))))


def cross_covariance() -> Any:
    """Attention among channels in the place of attention among places (XCiT)."""
    image = keras.Input((16, 16, 3))
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 4, 4)(image))
    query, key, value = (layers.Dense(12)(layers.LayerNormalization()(x)) for _ in range(3))
    query, key = (y / (ops.norm(y, axis=1, keepdims=True) + 1e-6) for y in (query, key))
    shares = ops.softmax(ops.matmul(ops.transpose(query, (0, 2, 1)), key))
    x = x + LayerScale()(layers.Dense(12)(ops.matmul(value, ops.transpose(shares, (0, 2, 1)))))
    x = x + layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


TABLES = (
    bc_resnet, conformer, denoiser, vae, wide_and_deep, tab_transformer, temporal_fusion, experts,
    history, cross_covariance,
)  # fmt: skip
