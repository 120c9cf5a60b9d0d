"""One small network of each family."""

import keras
import pytest
from keras import layers


def _cnn():
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="stem"),
            layers.DepthwiseConv2D(3, padding="same", name="by_channel"),
            layers.Conv2D(64, 1, activation="relu", name="wide"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, name="head"),
        ],
        name="small_cnn",
    )


def _transformer():
    words = keras.Input((8,), dtype="int32", name="words")
    x = layers.Embedding(500, 16, name="table")(words)
    for i in range(2):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8, name=f"a{i}")(x, x))
        x = x + layers.Dense(16)(layers.Dense(32, "relu", name=f"think{i}")(x))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(words, layers.Dense(2, name="head")(x), name="small_transformer")


def _mlp():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(32, "relu"), layers.Dense(4, "softmax")], name="mlp"
    )


@pytest.fixture(scope="package")
def networks():
    return {"CNN": _cnn(), "transformer": _transformer(), "MLP": _mlp()}
