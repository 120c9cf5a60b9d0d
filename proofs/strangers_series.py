"""Small networks for sound, text, tables and series; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_images import conv, depthwise
from proofs.strangers_layers import (
    Cross,
    FeatureTokens,
    LayerScale,
    OwnDense,
    Places,
    SelfAttention,
    hard_swish,
)


def ds_cnn() -> Any:
    """Keywords in a spectrogram."""
    sound = keras.Input((40, 10, 1))
    x = conv(sound, 8, (10, 4), 2)
    for _ in range(2):
        x = conv(depthwise(x), 8, 1)
    return keras.Model(sound, layers.Dense(12)(layers.GlobalAveragePooling2D()(x)))


def tc_resnet() -> Any:
    """Convolutions along time with shortcuts."""
    sound = keras.Input((40, 10))
    x = layers.Conv1D(8, 3, padding="same", use_bias=False)(sound)
    for width in (12, 16):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Conv1D(width, 9, 2, "same")(x)))
        y = layers.BatchNormalization()(layers.Conv1D(width, 9, padding="same")(y))
        x = layers.ReLU()(y + layers.Conv1D(width, 1, 2)(x))
    return keras.Model(sound, layers.Dense(12)(layers.GlobalAveragePooling1D()(x)))


def tcn() -> Any:
    """Causal, dilated convolutions."""
    series = keras.Input((32, 4))
    x = layers.Conv1D(8, 1)(series)
    for rate in (1, 2, 4):
        y = layers.Conv1D(8, 3, padding="causal", dilation_rate=rate, activation="relu")(x)
        x = x + layers.Conv1D(8, 1)(layers.SpatialDropout1D(0.1)(y))
    return keras.Model(series, layers.Dense(2)(x[:, -1]))


def wavenet() -> Any:
    """One half opens the other."""
    sound = keras.Input((32, 1))
    x = layers.Conv1D(8, 1)(sound)
    skips = []
    for rate in (1, 2):
        left, right = (layers.Conv1D(8, 2, padding="causal", dilation_rate=rate)(x) for _ in "ab")
        y = ops.tanh(left) * ops.sigmoid(right)
        skips.append(layers.Conv1D(6, 1)(y))
        x = x + layers.Conv1D(8, 1)(y)
    return keras.Model(sound, layers.Conv1D(16, 1)(layers.ReLU()(layers.Add()(skips))))


def crnn() -> Any:
    """Text in a line of pixels."""
    line = keras.Input((16, 32, 1))
    x = layers.MaxPooling2D(2)(conv(line, 6))
    x = layers.MaxPooling2D((2, 1))(conv(x, 8))
    x = layers.Reshape((16, 32))(layers.Permute((2, 1, 3))(x))
    x = layers.Bidirectional(layers.GRU(6, return_sequences=True))(layers.Dense(12)(x))
    return keras.Model(line, layers.Dense(11)(x))


def anomaly() -> Any:
    """An autoencoder of frames of sound."""
    frame = x = keras.Input((40,))
    for width in (16, 16, 4, 16, 16):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(width)(x)))
    return keras.Model(frame, layers.Dense(40)(x))


def dlrm() -> Any:
    """Products of embeddings with one another."""
    numbers, ids = keras.Input((6,)), keras.Input((3,), dtype="int32", name="ids")
    dense = layers.Dense(8, activation="relu")(layers.Dense(12, activation="relu")(numbers))
    tables = [layers.Embedding(64, 8)(ids[:, i]) for i in range(3)]
    x = ops.stack([dense, *tables], axis=1)
    pairs = layers.Flatten()(ops.matmul(x, ops.transpose(x, (0, 2, 1))))
    x = layers.Dense(10, activation="relu")(layers.Concatenate()([dense, pairs]))
    return keras.Model([numbers, ids], layers.Dense(1)(x))


def cross_network() -> Any:
    """Crossed features beside a deep network."""
    numbers = keras.Input((8,))
    start = layers.Dense(10)(numbers)
    crossed = Cross()([start, Cross()([start, start])])
    deep = layers.Dense(12, activation="relu")(start)
    return keras.Model(numbers, layers.Dense(1)(layers.Concatenate()([crossed, deep])))


def factorization_machine() -> Any:
    """Sums of squares and squares of sums."""
    ids = keras.Input((5,), dtype="int32", name="ids")
    x = layers.Embedding(64, 8)(ids)
    summed = ops.square(ops.sum(x, axis=1)) - ops.sum(ops.square(x), axis=1)
    deep = layers.Dense(8, activation="relu")(layers.Flatten()(x))
    return keras.Model(ids, layers.Dense(1)(layers.Concatenate()([summed * 0.5, deep])))


def two_towers() -> Any:
    """A user and an item that meet in a product."""
    user, item = (keras.Input((), dtype="int32", name=name) for name in ("user_id", "item_id"))
    towers = [layers.Dense(6)(layers.Dense(10, activation="relu")(layers.Embedding(64, 8)(each)))
              for each in (user, item)]  # fmt: skip
    return keras.Model([user, item], ops.sum(towers[0] * towers[1], axis=-1, keepdims=True))


def ft_transformer() -> Any:
    """A token for each number of a row."""
    row = keras.Input((6,))
    x = FeatureTokens(12)(row)
    x = x + layers.MultiHeadAttention(2, 6)(layers.LayerNormalization()(x), x)
    x = x + layers.Dense(12)(layers.Dense(16, activation="relu")(layers.LayerNormalization()(x)))
    return keras.Model(row, layers.Dense(1)(layers.ReLU()(ops.mean(x, axis=1))))


def tabular_resnet() -> Any:
    """Blocks of Dense layers with shortcuts, kernels of one's own."""
    row = keras.Input((8,))
    x = OwnDense(12)(row)
    for _ in range(2):
        x = x + OwnDense(12)(ops.relu(OwnDense(16)(layers.BatchNormalization()(x))))
    return keras.Model(row, layers.Dense(1)(ops.relu(x)))


def text_encoder() -> Any:
    """Positions, attention written out, and a pooled answer."""
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = Places()(layers.Embedding(64, 12)(ids))
    for _ in range(2):
        x = layers.LayerNormalization()(x + SelfAttention(12)(x))
        y = layers.Dense(12)(layers.Dense(24, activation="gelu")(x))
        x = layers.LayerNormalization()(x + LayerScale()(y))
    return keras.Model(ids, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def text_cnn() -> Any:
    """Windows of words of several lengths."""
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = layers.Embedding(64, 8)(ids)
    found = [layers.GlobalMaxPooling1D()(layers.Conv1D(6, n, activation="relu")(x)) for n in (2, 3)]
    return keras.Model(ids, layers.Dense(3)(layers.Concatenate()(found)))


def n_beats() -> Any:
    """What a block explains is taken away."""
    series = x = keras.Input((16,))
    forecasts = []
    for _ in range(2):
        y = layers.Dense(12, activation="relu")(layers.Dense(12, activation="relu")(x))
        x = x - layers.Dense(16)(y)
        forecasts.append(layers.Dense(4)(y))
    return keras.Model(series, layers.Add()(forecasts))


def patch_tst() -> Any:
    """Patches of a series as tokens."""
    series = keras.Input((32, 2))
    x = layers.Dense(12)(ops.reshape(series, (-1, 8, 8)))
    x = x + layers.MultiHeadAttention(2, 6)(x, x)
    x = layers.LayerNormalization()(x + layers.Dense(12)(layers.Dense(16, activation="gelu")(x)))
    return keras.Model(series, layers.Dense(4)(layers.Flatten()(x)))


def forecaster() -> Any:
    """An LSTM and attention over its steps."""
    series = keras.Input((10, 3))
    x = layers.LSTM(8, return_sequences=True)(layers.Dense(6, activation="tanh")(series))
    shares = layers.Softmax(axis=1)(layers.Dense(1)(layers.Dense(6, activation="tanh")(x)))
    return keras.Model(series, layers.Dense(2)(ops.sum(x * shares, axis=1)))


def siamese() -> Any:
    """One network for two inputs, and their distance."""
    one, other = keras.Input((16, 16, 3), name="one"), keras.Input((16, 16, 3), name="other")
    image = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D()(conv(conv(image, 6, stride=2), 8))
    tower = keras.Model(image, layers.Dense(6)(x), name="tower")
    return keras.Model([one, other], layers.Dense(1)(ops.abs(tower(one) - tower(other))))


def gated_decoder() -> Any:
    """RMS normalization and a gated feed-forward part."""
    tokens = keras.Input((8, 6))
    x = layers.Dense(12)(tokens)
    x = x + layers.MultiHeadAttention(2, 6)(x, x, use_causal_mask=True)
    y = layers.RMSNormalization()(x)
    y = ops.silu(layers.Dense(16, use_bias=False)(y)) * layers.Dense(16, use_bias=False)(y)
    return keras.Model(tokens, layers.Dense(20)(x + layers.Dense(12, use_bias=False)(y)))


def highway() -> Any:
    """A gate chooses between a layer and its input."""
    row = keras.Input((8,))
    x = layers.Dense(12, activation=hard_swish)(row)
    for _ in range(2):
        gate = layers.Dense(12, activation="sigmoid")(x)
        x = gate * layers.Dense(12, activation=hard_swish)(x) + (1.0 - gate) * x
    return keras.Model(row, layers.Dense(2)(x))


def actor() -> Any:
    """Limits of what is done, and what it is worth."""
    state = keras.Input((8,))
    x = layers.Dense(16, activation="tanh")(layers.Dense(16, activation="tanh")(state))
    return keras.Model(state, [ops.clip(layers.Dense(3)(x), -1.0, 1.0), layers.Dense(1)(x)])


def frames() -> Any:
    """A network for each frame of a film."""
    film = keras.Input((3, 16, 16, 3))
    x = layers.TimeDistributed(layers.Conv2D(6, 3, 2, activation="relu"))(film)
    x = layers.TimeDistributed(layers.GlobalAveragePooling2D())(x)
    return keras.Model(film, layers.Dense(4)(layers.GRU(8)(x)))


SERIES = (
    ds_cnn, tc_resnet, tcn, wavenet, crnn, anomaly, dlrm, cross_network, factorization_machine,
    two_towers, ft_transformer, tabular_resnet, text_encoder, text_cnn, n_beats, patch_tst,
    forecaster, siamese, gated_decoder, highway, actor, frames,
)  # fmt: skip
