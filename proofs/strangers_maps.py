"""Small networks that find places, faces and masks in images; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_blocks import Branches, RelativeAttention, WeightedSum
from proofs.strangers_images import classified, conv, depthwise, picture
from proofs.strangers_layers import LayerScale


def landmarks() -> Any:
    """Heatmaps, and between their pixels the place that each means."""
    image = picture()
    x = conv(conv(image, 8, stride=2), 12, stride=2)
    x = layers.Conv2DTranspose(8, 4, 2, "same", activation="relu")(x)
    maps = ops.reshape(layers.Conv2D(5, 1)(x), (-1, 256, 5))
    shares = ops.softmax(ops.transpose(maps, (0, 2, 1)))
    line = (ops.arange(16, dtype="float32") + 0.5) / 16
    across = ops.sum(ops.reshape(shares, (-1, 5, 16, 16)), axis=2)
    down = ops.sum(ops.reshape(shares, (-1, 5, 16, 16)), axis=3)
    places = [ops.sum(each * line, axis=-1) for each in (across, down)]
    return keras.Model(image, ops.stack(places, axis=-1))


def attention_unet() -> Any:
    """What comes from above says which places of a shortcut count."""
    image = picture()
    first = conv(image, 6)
    second = conv(first, 8, stride=2)
    x = conv(conv(second, 12, stride=2), 12)
    for skip, width in ((second, 8), (first, 6)):
        x = layers.UpSampling2D(2, interpolation="bilinear")(x)
        seen = ops.relu(layers.Conv2D(width, 1)(skip) + layers.Conv2D(width, 1)(x))
        gate = ops.sigmoid(layers.Conv2D(1, 1)(seen))
        x = conv(layers.Concatenate()([skip * gate, x]), width)
    return keras.Model(image, layers.Conv2D(2, 1, activation="softmax")(x))


def bifpn() -> Any:
    """Maps up and down again, each sum with learned shares."""
    image = picture()
    maps = [conv(image, 8, stride=2)]
    for _ in range(2):
        maps.append(conv(maps[-1], 12, stride=2))
    one, two, three = (layers.Conv2D(8, 1)(x) for x in maps)
    between = conv(WeightedSum()([two, layers.UpSampling2D(2)(three)]), 8, act="silu")
    one = conv(WeightedSum()([one, layers.UpSampling2D(2)(between)]), 8, act="silu")
    two = WeightedSum()([two, between, layers.MaxPooling2D(2)(one)])
    two = layers.SeparableConv2D(8, 3, padding="same")(ops.silu(two))
    head = layers.SeparableConv2D(6, 3, padding="same", activation="sigmoid")
    return keras.Model(image, [head(one), head(two)])


def efficient_former() -> Any:
    """Pooling on maps, then attention with a number for each two places."""
    image = picture()
    x = conv(conv(image, 8, stride=2), 12, stride=2)
    x = x + LayerScale()(layers.AveragePooling2D(3, 1, "same")(x) - x)
    y = layers.BatchNormalization()(layers.Conv2D(12, 1)(conv(x, 24, 1, act="gelu")))
    x = layers.Reshape((16, 12))(conv(x + LayerScale()(y), 12, stride=2))
    x = x + LayerScale()(RelativeAttention(12)(layers.LayerNormalization()(x)))
    y = layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))
    x = ops.mean(x + LayerScale()(y), axis=1)
    return keras.Model(image, (layers.Dense(10)(x) + layers.Dense(10)(x)) / 2)


def coatnet() -> Any:
    """Convolutions at first, attention over the places at last."""
    image = picture()
    x = conv(image, 8, stride=2, act="gelu")
    y = depthwise(conv(layers.BatchNormalization()(x), 16, 1, act="gelu"), 3, 2, act="gelu")
    gate = layers.GlobalAveragePooling2D(keepdims=True)(y)
    gate = layers.Conv2D(16, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="gelu")(gate))
    x = layers.Conv2D(12, 1)(layers.MaxPooling2D(2)(x)) + layers.Conv2D(12, 1)(y * gate)
    x = layers.Reshape((16, 12))(layers.AveragePooling2D(2)(x))
    x = x + RelativeAttention(12)(layers.LayerNormalization()(x))
    x = x + layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def mobile_one() -> Any:
    """Branches that become one convolution after training, before they did."""
    image = picture()
    x = conv(image, 8, stride=2)
    for width in (8, 12):
        x = Branches(width)(Branches(width, alone=True)(x))
    return classified(image, x)


def star_net() -> Any:
    """Two branches that are multiplied."""
    image = picture()
    x = conv(image, 12, stride=2, act="relu6")
    for _ in range(2):
        y = layers.BatchNormalization()(layers.DepthwiseConv2D(7, padding="same")(x))
        y = ops.relu6(layers.Conv2D(24, 1)(y)) * layers.Conv2D(24, 1)(y)
        y = layers.BatchNormalization()(layers.Conv2D(12, 1)(y))
        x = x + layers.DepthwiseConv2D(7, padding="same")(y)
    return classified(image, x)


def face_embedding() -> Any:
    """A vector of length 1, for the distance to others."""
    image = picture()
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, 2, "same")(image))
    y = layers.PReLU(shared_axes=[1, 2])(depthwise(conv(x, 16, 1, act="linear"), act="linear"))
    x = x + conv(y, 8, 1, act="linear")
    x = layers.DepthwiseConv2D(16, use_bias=False)(conv(x, 16, 1, act="linear"))
    x = layers.Dense(8, use_bias=False)(layers.Dropout(0.1)(layers.Flatten()(x)))
    return keras.Model(image, x / ops.sqrt(ops.sum(ops.square(x), -1, keepdims=True) + 1e-6))


def anchor_free() -> Any:
    """Distances to the sides of a box as means over bins."""
    image = picture()
    x = layers.GroupNormalization(2)(conv(conv(image, 8, stride=2), 12, stride=2))
    boxes = conv(x, 8, act="silu")
    boxes = ops.reshape(layers.Conv2D(32, 1)(boxes), (-1, 64, 4, 8))
    boxes = ops.matmul(ops.softmax(boxes), ops.reshape(ops.arange(8, dtype="float32"), (8, 1)))
    scores = layers.Reshape((64, 3))(layers.Conv2D(3, 1)(conv(x, 8, act="silu")))
    boxes = ops.squeeze(boxes, -1)
    return keras.Model(image, layers.Concatenate()([boxes, ops.sigmoid(scores)]))


MAPS = (
    landmarks, attention_unet, bifpn, efficient_former, coatnet, mobile_one, star_net,
    face_embedding, anchor_free,
)  # fmt: skip
