"""Networks of one stem, something in the middle and a head: do they run sparse, and why not?"""

import keras
from keras import layers, ops

GAP = layers.GlobalAveragePooling2D


def stem(size=32, channels=3, padding=None, **conv):
    inputs = keras.Input((size, size, channels), name="image")
    hidden = layers.ZeroPadding2D(1)(inputs) if padding is None else inputs
    settings = {"strides": 2, "padding": padding or "valid", "name": "stem", **conv}
    return inputs, layers.Conv2D(8, 3, **settings)(hidden)


def separable(x, strides=1, name="point"):
    if strides == 2:
        x = layers.ZeroPadding2D(1)(x)
    x = layers.DepthwiseConv2D(3, strides, "valid" if strides == 2 else "same")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return layers.Conv2D(8, 1, name=name)(x)


def squeeze_excite(x):
    gate = GAP(keepdims=True)(x)
    gate = layers.Conv2D(8, 1, activation="sigmoid")(layers.Conv2D(4, 1, activation="relu")(gate))
    return layers.Multiply()([x, gate])


def network(middle=separable, head=lambda x: layers.Dense(10, name="head")(GAP()(x)), **settings):
    inputs, x = stem(**settings)
    return keras.Model(inputs, head(middle(layers.ReLU()(x))), name="net")


def nested(x):
    inputs = keras.Input(x.shape[1:])
    return keras.Model(inputs, separable(inputs), name="inner")(x)


def gone_in_inference(x):
    for noise in (layers.GaussianNoise(0.1), layers.GaussianDropout(0.1), layers.Identity()):
        x = noise(x)
    return separable(layers.ActivityRegularization(1e-4)(x))


def halved(x):
    return separable(separable(x, 2, "point_1"), 2, "point_2")


READY = {
    "separable": {},
    "stride 2": {"middle": lambda x: separable(x, 2)},
    "48 pixels, one more stride": {"middle": lambda x: separable(x, 2), "size": 48},
    "112 pixels, one stride": {"size": 112},
    "residual": {"middle": lambda x: layers.Add()([x, separable(x)])},
    "squeeze and excite": {"middle": squeeze_excite},
    "hard swish": {"middle": lambda x: layers.Activation("hard_silu")(separable(x))},
    "operations": {"middle": lambda x: ops.silu(x + separable(x))},
    "square root": {"middle": lambda x: separable(ops.sqrt(x))},
    "a nested model": {"middle": nested},
    "what inference leaves out": {"middle": gone_in_inference},
}
"""The settings of `network` that run sparse as they are."""


def odd(layer, **settings):
    """The settings of a network with one odd layer before a separable convolution."""
    return {"middle": lambda x: separable(layer()(x)), **settings}


REFUSED = {
    "one channel": ({"channels": 1}, "stem", "is the first convolution: 3x3 on 1 channels"),
    "no stride": ({"strides": 1}, "stem", "is a 3x3 convolution of stride 1x1"),
    "uneven padding": ({"padding": "same"}, "stem", "has padding 'same' at stride 2"),
    "an odd map": (
        {"middle": halved, "size": 20},
        "image",
        "of stride 2 reads an odd map",
    ),
    "max pooling": (
        odd(lambda: layers.MaxPooling2D(name="odd")),
        "odd",
        "becomes MAX_POOL_2D, which can't stand there",
    ),
    "a dense 3x3": (
        odd(lambda: layers.Conv2D(8, 3, name="odd")),
        "odd",
        "is a 3x3 convolution of stride 1x1 on 8 channels",
    ),
    "a wide kernel": (
        odd(lambda: layers.DepthwiseConv2D(7, padding="same", name="odd")),
        "odd",
        "has a 7x7 kernel",
    ),
    "PReLU": (odd(lambda: layers.PReLU(name="odd")), "odd", "an operand that is no feature map"),
    "softplus": (odd(lambda: layers.Activation("softplus", name="odd")), "odd", "becomes ADD"),
    "no pooling": (
        {"head": lambda x: layers.Dense(10)(layers.Flatten()(x))},
        "net",
        "does not end in a pooling of the whole image",
    ),
    "nothing to prune": ({"middle": lambda x: x}, "net", "has no 1x1 convolution"),
    "a 1x1 head": (
        {"head": lambda x: layers.Conv2D(10, 1, name="head")(GAP(keepdims=True)(x))},
        "head",
        "writes an output of the model",
    ),
}
"""Settings that do not run sparse; the layer that is named, and words of the reason."""
