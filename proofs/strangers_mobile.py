"""More small networks in the idioms of people's own code; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_images import classified, conv, depthwise, picture
from proofs.strangers_layers import Normed, SelfAttention


def fire_elu() -> Any:
    """ELU in place of relu, and a map resized within the network."""
    image = picture()
    x = conv(image, 8, stride=2, act="elu")
    y = layers.Resizing(8, 8)(conv(x, 12, act="elu"))
    return classified(image, layers.ELU(0.5)(layers.Conv2D(16, 1)(y)))


def res2net() -> Any:
    """Parts of the channels, each with what was made of the part before."""
    image = picture()
    x = conv(image, 16, stride=2)
    first, *others = ops.split(conv(x, 16, 1), 4, axis=-1)
    found, last = [first], None
    for part in others:
        last = conv(part if last is None else part + last, 4)
        found.append(last)
    return classified(image, layers.ReLU()(x + conv(ops.concatenate(found, -1), 16, 1)))


def selective_kernel() -> Any:
    """A softmax over two branches says how much of each channel comes from which."""
    image = picture()
    x = conv(image, 8, stride=2)
    sides = ops.stack([conv(x, 8), conv(x, 8, dilation_rate=2)], axis=1)
    code = layers.Dense(4, activation="relu")(ops.mean(ops.sum(sides, axis=1), axis=(1, 2)))
    shares = ops.stack([layers.Dense(8)(code) for _ in range(2)], axis=1)
    shares = ops.reshape(ops.softmax(shares, axis=1), (-1, 2, 1, 1, 8))
    return classified(image, ops.sum(sides * shares, axis=1))


def eca() -> Any:
    """A gate for each channel from its neighbours among the channels."""
    image = picture()
    x = conv(image, 12, stride=2)
    y = ops.expand_dims(layers.GlobalAveragePooling2D()(x), -1)
    gate = ops.sigmoid(layers.Conv1D(1, 3, padding="same", use_bias=False)(y))
    return classified(image, conv(x * ops.reshape(gate, (-1, 1, 1, 12)), 16))


def coordinate_attention() -> Any:
    """Gates along height and along width."""
    image = picture()
    x = conv(image, 12, stride=2)
    rows, columns = ops.mean(x, axis=2), ops.mean(x, axis=1)
    y = layers.Dense(6, activation="relu")(ops.concatenate([rows, columns], axis=1))
    rows, columns = ops.split(y, 2, axis=1)
    rows = ops.expand_dims(layers.Dense(12, activation="sigmoid")(rows), 2)
    columns = ops.expand_dims(layers.Dense(12, activation="sigmoid")(columns), 1)
    return classified(image, conv(x * rows * columns, 16))


def gated_mlp() -> Any:
    """Half of the channels, mixed over the tokens, opens the other half."""
    image = picture()
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 8, 8)(image))
    y = layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x))
    left, right = ops.split(y, 2, axis=-1)
    right = ops.swapaxes(layers.Dense(16)(ops.swapaxes(right, 1, 2)), 1, 2)
    x = x + layers.Dense(12)(left * right)
    return keras.Model(image, layers.Dense(10)(ops.mean(x, axis=1)))


def dense_net() -> Any:
    """All maps so far beside one another, normalized first."""
    image = picture()
    x = layers.Conv2D(8, 3, 2, "same")(image)
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Concatenate()([x, layers.Conv2D(4, 3, padding="same", use_bias=False)(y)])
    return classified(image, layers.ReLU()(layers.BatchNormalization()(x)))


def resnext() -> Any:
    """Grouped convolutions."""
    image = picture()
    x = conv(image, 16, stride=2)
    y = conv(conv(conv(x, 8, 1), 8, groups=4), 16, 1, act="linear")
    return classified(image, layers.ReLU()(layers.Add()([x, y])))


def efficientnet() -> Any:
    """Squeeze and excite by reshaped vectors, silu, dropped branches."""
    image = picture()
    x = conv(image, 8, stride=2, act="silu")
    y = depthwise(conv(x, 16, 1, act="silu"), 5, act="silu")
    gate = layers.Reshape((1, 1, 16))(layers.GlobalAveragePooling2D()(y))
    gate = layers.Conv2D(16, 1, activation="sigmoid")(layers.Conv2D(2, 1, activation="silu")(gate))
    y = conv(layers.multiply([y, gate]), 8, 1, act="linear")
    y = layers.Dropout(0.2, noise_shape=(None, 1, 1, 1))(y)
    return classified(image, conv(layers.add([x, y]), 24, 1, act="silu"))


def fpn_ssd() -> Any:
    """Boxes of two maps flattened and joined."""
    image = picture()
    large = conv(image, 8, stride=4)
    small = conv(large, 12, stride=2)
    found = []
    for x in (large, small):
        x = layers.SeparableConv2D(8, 3, padding="same", activation="relu6")(x)
        found.append(layers.Reshape((-1, 6))(layers.Conv2D(12, 1)(x)))
    boxes, scores = ops.split(layers.Concatenate(axis=1)(found), [4], axis=-1)
    return keras.Model(image, [boxes, ops.sigmoid(scores)])


def depth_to_space() -> Any:
    """Patches of four pixels as channels, and back."""
    image = picture()
    x = ops.reshape(image, (-1, 16, 2, 16, 2, 3))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 16, 16, 12))
    x = conv(x, 8) + conv(conv(x, 6), 8, 1)
    return keras.Model(image, layers.UpSampling2D(2)(layers.Conv2D(3, 3, padding="same")(x)))


def focal_modulation() -> Any:
    """Contexts of several sizes, each with a gate of one channel."""
    image = picture()
    x = layers.Conv2D(12, 4, 4)(image)
    query, context, gates = ops.split(layers.Dense(26)(x), [12, 24], axis=-1)
    total = 0.0
    for level in range(2):
        context = ops.gelu(layers.DepthwiseConv2D(3 + 2 * level, padding="same")(context))
        total = total + context * gates[..., level : level + 1]
    return classified(image, x + layers.Dense(12)(query * layers.Conv2D(12, 1)(total)))


def linear_attention() -> Any:
    """Keys and values are multiplied first."""
    image = picture()
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 8, 8)(image))
    query, key, value = (layers.Dense(12, use_bias=False)(x) for _ in range(3))
    seen = ops.matmul(ops.softmax(ops.transpose(key, (0, 2, 1)), axis=-1), value)
    x = x + layers.Dense(12)(ops.matmul(ops.softmax(query, axis=-1), seen))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def style_transfer() -> Any:
    """Instance normalization, reflected edges, nearest upsampling."""
    image = picture()
    x = ops.pad(image, [(0, 0), (1, 1), (1, 1), (0, 0)], mode="reflect")
    x = ops.relu(layers.GroupNormalization(-1)(layers.Conv2D(8, 3, 2)(x)))
    y = ops.relu(layers.GroupNormalization(-1)(layers.Conv2D(8, 3, padding="same")(x)))
    x = layers.UpSampling2D(2)(x + y)
    return keras.Model(image, layers.Conv2D(3, 3, padding="same", activation="sigmoid")(x))


def swiglu_block() -> Any:
    """A normalization of one's own, causal attention written out, a gated part."""
    tokens = keras.Input((8, 6))
    x = layers.Dense(12)(tokens)
    x = x + SelfAttention(12)(Normed()(x))
    up, gate = ops.split(layers.Dense(32, use_bias=False)(Normed()(x)), 2, axis=-1)
    x = x + layers.Dense(12, use_bias=False)(up * ops.silu(gate))
    return keras.Model(tokens, layers.Dense(20)(Normed()(x)))


MOBILE = (
    fire_elu, res2net, selective_kernel, eca, coordinate_attention, gated_mlp, dense_net, resnext,
    efficientnet, fpn_ssd, depth_to_space, focal_modulation, linear_attention, style_transfer,
    swiglu_block,
)  # fmt: skip
