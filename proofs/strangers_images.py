"""Small networks for images, in the idioms of people's own code; nothing here knows tfprune."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from proofs.strangers_layers import (
    Affine,
    ClassToken,
    LayerScale,
    NearlyOrthogonal,
    Places,
    Pyramid,
    Residual,
    ResponseNorm,
    SelfAttention,
    SpatialGate,
    hard_swish,
)


def conv(x: Any, width: int, size: int = 3, stride: int = 1, act: Any = "relu", **more: Any) -> Any:
    """Return a convolution, normalized and activated."""
    x = layers.Conv2D(width, size, stride, "same", use_bias=False, **more)(x)
    return layers.Activation(act)(layers.BatchNormalization()(x))


def depthwise(x: Any, size: int = 3, stride: int = 1, act: Any = "relu") -> Any:
    """Return a depthwise convolution, normalized and activated."""
    x = layers.DepthwiseConv2D(size, stride, "same", use_bias=False)(x)
    return layers.Activation(act)(layers.BatchNormalization()(x))


def classified(image: Any, x: Any) -> Any:
    """Return the model of a pooled map."""
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def picture(size: int | None = 32) -> Any:
    """Return an input of images."""
    return keras.Input((size, size, 3), name="image")


def resnet() -> Any:
    """Blocks of one's own that find their activation by name."""
    image = picture()
    x = conv(image, 8, stride=2)
    return classified(image, Residual(12)(conv(Residual(8)(x), 12, stride=2)))


def plain_relu() -> Any:
    """Functions of keras.activations called like layers."""
    image = picture()
    x = keras.activations.relu(layers.Conv2D(8, 3, 2)(image))
    y = keras.activations.gelu(layers.Conv2D(8, 3, padding="same")(x))
    return classified(image, keras.activations.relu(x + layers.Conv2D(8, 1)(y), max_value=6))


def mobilenet_v2() -> Any:
    """Inverted residuals."""
    image = picture()
    x = conv(image, 8, stride=2, act="relu6")
    y = depthwise(conv(x, 24, 1, act="relu6"), act="relu6")
    x = x + conv(y, 8, 1, act="linear")
    return classified(image, conv(x, 32, 1, act="relu6"))


def mobilenet_v3() -> Any:
    """Squeeze and excite, and a hard swish of one's own."""
    image = picture()
    x = depthwise(conv(image, 16, stride=2, act=hard_swish), 5)
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(4, 1, activation="relu")(gate)
    x = x * layers.Conv2D(16, 1, activation="hard_sigmoid")(gate)
    return classified(image, conv(x, 24, 1, act=hard_swish))


def shuffled(x: Any, groups: int = 2) -> Any:
    """Return the channels shuffled between groups."""
    height, width, channels = x.shape[1:]
    x = ops.reshape(x, (-1, height, width, groups, channels // groups))
    return ops.reshape(ops.transpose(x, (0, 1, 2, 4, 3)), (-1, height, width, channels))


def shufflenet_v2() -> Any:
    """Half of the channels passes by."""
    image = picture()
    x = conv(image, 16, stride=2)
    for _ in range(2):
        left, right = ops.split(x, 2, axis=-1)
        right = conv(depthwise(conv(right, 8, 1), act="linear"), 8, 1)
        x = shuffled(ops.concatenate([left, right], axis=-1))
    return classified(image, conv(x, 24, 1))


def ghostnet() -> Any:
    """Cheap maps made of others."""
    image = picture()
    x = conv(image, 8, stride=2)
    for width in (8, 12):
        first = conv(x, width, 1)
        x = layers.Concatenate()([first, depthwise(first)])
    return classified(image, x)


def squeezenet() -> Any:
    """Squeeze, then expand twice."""
    image = picture()
    x = layers.MaxPooling2D(2)(conv(image, 16, stride=2))
    for width in (4, 6):
        x = layers.Conv2D(width, 1, activation="relu")(x)
        sides = [layers.Conv2D(2 * width, n, padding="same", activation="relu")(x) for n in (1, 3)]
        x = layers.Concatenate()(sides)
    return classified(image, layers.Conv2D(16, 1, activation="relu")(x))


def convnext() -> Any:
    """LayerNormalization, two Dense layers and LayerScale."""
    image = picture()
    x = layers.Conv2D(12, 4, 4)(image)
    for _ in range(2):
        y = layers.LayerNormalization()(layers.DepthwiseConv2D(7, padding="same")(x))
        y = layers.Dense(12)(layers.Dense(24, activation="gelu")(y))
        x = x + LayerScale()(y)
    return classified(image, x)


def convnext_v2() -> Any:
    """Responses of channels, with weights of the layer's own."""
    image = picture()
    x = layers.Conv2D(12, 4, 4)(image)
    y = layers.DepthwiseConv2D(7, padding="same")(x)
    y = ResponseNorm()(layers.Dense(24, activation="relu")(y))
    return classified(image, x + layers.Dense(12)(y))


def hgnet() -> Any:
    """A learned number behind each activation."""
    image = picture()
    x = Affine()(conv(image, 8, stride=2))
    found = [x]
    for _ in range(3):
        found.append(Affine()(conv(found[-1], 6)))
    return classified(image, Affine()(conv(layers.Concatenate()(found), 16, 1)))


def poolformer() -> Any:
    """Pooling in the place of attention."""
    image = picture()
    x = layers.Conv2D(12, 4, 4)(image)
    for _ in range(2):
        y = layers.GroupNormalization(1)(x)
        x = x + LayerScale()(layers.AveragePooling2D(3, 1, "same")(y) - y)
        y = layers.Conv2D(24, 1, activation="gelu")(layers.GroupNormalization(1)(x))
        x = x + LayerScale()(layers.Conv2D(12, 1)(y))
    return classified(image, x)


def mobilevit() -> Any:
    """Attention over patches of a map, of rank 4."""
    image = picture()
    x = conv(conv(image, 8, stride=2), 12, stride=2)
    y = ops.reshape(layers.Conv2D(8, 1)(x), (-1, 4, 2, 4, 2, 8))
    y = ops.reshape(ops.transpose(y, (0, 2, 4, 1, 3, 5)), (-1, 4, 16, 8))
    y = y + layers.MultiHeadAttention(2, 4, attention_axes=(2,))(y, y)
    y = ops.reshape(y, (-1, 2, 2, 4, 4, 8))
    y = ops.reshape(ops.transpose(y, (0, 3, 1, 4, 2, 5)), (-1, 8, 8, 8))
    return classified(image, conv(layers.Concatenate()([x, conv(y, 12, 1)]), 16))


def vit() -> Any:
    """A class token, a table of positions, attention written out."""
    image = picture()
    x = ClassToken()(layers.Reshape((16, 12))(layers.Conv2D(12, 8, 8)(image)))
    x = x + SelfAttention(12)(layers.LayerNormalization()(x))
    x = x + layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(image, layers.Dense(10)(x[:, 0]))


def cct() -> Any:
    """Convolutions make tokens, and a learned pooling of them."""
    image = picture()
    x = layers.MaxPooling2D(2)(layers.Conv2D(12, 3, 2, "same", activation="relu")(image))
    x = Places()(layers.Reshape((64, 12))(x))
    x = x + layers.MultiHeadAttention(2, 6)(x, x)
    shares = ops.softmax(layers.Dense(1)(x), axis=1)
    return keras.Model(image, layers.Dense(10)(ops.sum(shares * x, axis=1)))


def swin() -> Any:
    """Attention in shifted windows."""
    image = picture()
    x = layers.Conv2D(12, 4, 4)(image)
    for shift in (0, 2):
        y = ops.roll(x, (-shift, -shift), axis=(1, 2))
        y = ops.transpose(ops.reshape(y, (-1, 2, 4, 2, 4, 12)), (0, 1, 3, 2, 4, 5))
        y = SelfAttention(12)(ops.reshape(y, (-1, 16, 12)))
        y = ops.transpose(ops.reshape(y, (-1, 2, 2, 4, 4, 12)), (0, 1, 3, 2, 4, 5))
        x = x + ops.roll(ops.reshape(y, (-1, 8, 8, 12)), (shift, shift), axis=(1, 2))
    return classified(image, x)


def mlp_mixer() -> Any:
    """Dense layers over tokens and over channels."""
    image = picture()
    x = layers.Reshape((16, 12))(layers.Conv2D(12, 8, 8)(image))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    x = x + layers.Permute((2, 1))(layers.Dense(16)(layers.Dense(8, activation="gelu")(y)))
    x = x + layers.Dense(12)(layers.Dense(24, activation="gelu")(layers.LayerNormalization()(x)))
    return keras.Model(image, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


def convmixer() -> Any:
    """A large depthwise convolution with a shortcut."""
    image = picture()
    x = conv(image, 12, 4, 4, act="gelu")
    for _ in range(2):
        x = conv(layers.Add()([x, depthwise(x, 5, act="gelu")]), 12, 1, act="gelu")
    return classified(image, x)


def repvgg() -> Any:
    """Three branches that are summed."""
    image = picture()
    x = conv(image, 8, stride=2)
    for _ in range(2):
        sides = [conv(x, 8, n, act="linear") for n in (1, 3)]
        x = layers.ReLU()(layers.Add()([*sides, layers.BatchNormalization()(x)]))
    return classified(image, x)


def inception() -> Any:
    """Branches of several sizes beside one another."""
    image = picture()
    x = conv(image, 8, stride=2)
    pooled = conv(layers.AveragePooling2D(3, 1, "same")(x), 4, 1)
    x = layers.Concatenate()([conv(x, 4, 1), conv(conv(x, 4, 1), 6), pooled])
    return classified(image, x)


def unet() -> Any:
    """A map of any size, made smaller and larger again."""
    image = picture(None)
    first = conv(image, 6)
    second = conv(layers.MaxPooling2D(2)(first), 8)
    x = conv(layers.MaxPooling2D(2)(second), 12)
    for skip, width in ((second, 8), (first, 6)):
        x = layers.Conv2DTranspose(width, 2, 2, activation="relu")(x)
        x = conv(layers.Concatenate()([x, skip]), width)
    return keras.Model(image, layers.Conv2D(3, 1, name="mask")(x))


def detector() -> Any:
    """A pyramid of one's own for images of any size, with heads that are shared."""
    image = picture(None)
    maps = [conv(image, 8, stride=2)]
    for _ in range(2):
        maps.append(conv(maps[-1], 12, stride=2))
    middle = Pyramid(8)(maps[1:])
    merged = [Pyramid(8)([maps[0], middle]), middle]
    head = layers.Conv2D(8, 3, padding="same", activation="relu")
    boxes = layers.Conv2D(4, 1)
    return keras.Model(image, [boxes(head(each)) for each in merged])


def yolo() -> Any:
    """Parts of the channels go through blocks, and all are joined."""
    image = picture()
    x = conv(image, 16, stride=2, act="silu")
    parts = list(ops.split(x, 2, axis=-1))
    for _ in range(2):
        parts.append(conv(conv(parts[-1], 8, act="silu"), 8, act="silu"))
    x = conv(ops.concatenate(parts, axis=-1), 16, 1, act="silu")
    return keras.Model(image, layers.Conv2D(6, 1)(x))


def deeplab() -> Any:
    """Dilated convolutions, and a pooled map made large again."""
    image = picture()
    x = conv(image, 8, stride=2)
    sides = [conv(x, 6, dilation_rate=rate) for rate in (1, 2, 3)]
    whole = conv(layers.GlobalAveragePooling2D(keepdims=True)(x), 6, 1)
    sides.append(layers.UpSampling2D(16, interpolation="bilinear")(whole))
    return keras.Model(image, layers.Conv2D(3, 1)(conv(layers.Concatenate()(sides), 8, 1)))


def cbam() -> Any:
    """Attention over channels and over places."""
    image = picture()
    x = conv(image, 12, stride=2)
    squeeze, excite = layers.Dense(4, activation="relu"), layers.Dense(12)
    pooled = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    gate = ops.sigmoid(sum(excite(squeeze(each)) for each in pooled))
    x = SpatialGate()(x * layers.Reshape((1, 1, 12))(gate))
    return classified(image, x)


def repeated_gate() -> Any:
    """A gate of one channel, repeated for all."""
    image = picture()
    x = conv(image, 8, stride=2)
    gate = layers.Conv2D(1, 1, activation="sigmoid")(x)
    return classified(image, conv(x * ops.repeat(gate, 8, axis=-1), 12))


def hrnet() -> Any:
    """Two resolutions that exchange what they know."""
    image = picture()
    large = conv(image, 6, stride=2)
    small = conv(large, 10, stride=2)
    up = layers.UpSampling2D(2)(conv(small, 6, 1, act="linear"))
    down = conv(large, 10, stride=2, act="linear")
    large, small = layers.ReLU()(large + up), layers.ReLU()(small + down)
    x = layers.Concatenate()([large, layers.UpSampling2D(2)(small)])
    return keras.Model(image, layers.Conv2D(5, 1, name="heatmap")(x))


def blazeface() -> Any:
    """A shortcut padded with channels of zeros."""
    image = picture()
    x = layers.Conv2D(8, 5, 2, "same", activation="relu")(image)
    y = layers.Conv2D(12, 1)(layers.DepthwiseConv2D(5, 2, "same")(x))
    x = ops.pad(layers.MaxPooling2D(2)(x), [(0, 0), (0, 0), (0, 0), (0, 4)])
    x = ops.relu(x + y)
    return keras.Model(image, [layers.Reshape((-1, 2))(layers.Conv2D(4, 1)(x))])


def generator() -> Any:
    """An image made of noise."""
    code = keras.Input((16,))
    x = layers.Reshape((4, 4, 12))(layers.Dense(192, activation="relu")(code))
    for width in (8, 6):
        x = layers.Conv2DTranspose(width, 4, 2, "same", use_bias=False)(x)
        x = layers.LeakyReLU(0.2)(layers.BatchNormalization()(x))
    return keras.Model(code, layers.Conv2D(3, 3, padding="same", activation="tanh")(x))


def prelu_net() -> Any:
    """Learned slopes and GroupNormalization."""
    image = picture()
    x = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(8, 3, 2)(image))
    x = layers.GroupNormalization(4)(layers.Conv2D(12, 3)(x))
    return classified(image, layers.PReLU(shared_axes=[1, 2])(x))


def super_resolution() -> Any:
    """Channels become places."""
    image = picture()
    x = layers.Conv2D(8, 5, padding="same", activation="relu")(image)
    x = layers.Conv2D(12, 3, padding="same")(x)
    x = ops.reshape(x, (-1, 32, 32, 2, 2, 3))
    x = ops.transpose(x, (0, 1, 3, 2, 4, 5))
    return keras.Model(image, ops.reshape(x, (-1, 64, 64, 3)))


def pointnet() -> Any:
    """A learned transform whose regularizer fits one width alone."""
    points = keras.Input((10, 3))
    x = layers.Conv1D(4, 1, activation="relu")(points)
    t = layers.Dense(8, activation="relu")(layers.GlobalMaxPooling1D()(x))
    t = layers.Reshape((4, 4))(layers.Dense(16, activity_regularizer=NearlyOrthogonal())(t))
    x = layers.Conv1D(16, 1, activation="relu")(layers.Dot(axes=(2, 1))([x, t]))
    return keras.Model(points, layers.Dense(10)(layers.GlobalMaxPooling1D()(x)))


IMAGES = (
    resnet, plain_relu, mobilenet_v2, mobilenet_v3, shufflenet_v2, ghostnet, squeezenet, convnext,
    convnext_v2, hgnet, poolformer, mobilevit, vit, cct, swin, mlp_mixer, convmixer, repvgg,
    inception, unet, detector, yolo, deeplab, cbam, repeated_gate, hrnet, blazeface, generator,
    prelu_net, super_resolution, pointnet,
)  # fmt: skip
