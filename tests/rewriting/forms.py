"""Heads and gates as people write them, and what a sparse-ready network is."""

import numpy as np
from keras import layers, ops

from tests.rewriting.models import IMAGES, gate, norm

GAP = layers.GlobalAveragePooling2D


def same_outputs(plan, images=IMAGES):
    return np.allclose(plan.original(images), plan.model(images), rtol=1e-4, atol=1e-5)


def is_ready(plan):
    return not plan.notes


def conv(units, name, **options):
    return layers.Conv2D(units, 1, name=name, **options)


HEADS = {
    "keepdims, 1x1, flatten": lambda x: layers.Flatten()(conv(4, "head")(GAP(keepdims=True)(x))),
    "keepdims, 1x1, reshape, softmax": lambda x: layers.Softmax()(
        layers.Reshape((4,))(conv(4, "head")(layers.Dropout(0.2)(GAP(keepdims=True)(x))))
    ),
    "reshape, 1x1": lambda x: layers.Flatten()(
        conv(4, "head", use_bias=False)(layers.Reshape((1, 1, 6))(GAP()(x)))
    ),
    "two 1x1 and an activation": lambda x: layers.Flatten()(
        conv(4, "head")(layers.Activation("hard_silu")(conv(9, "hidden")(GAP(keepdims=True)(x))))
    ),
    "keepdims, Dense": lambda x: layers.Dense(4, name="head")(GAP(keepdims=True)(x)),
    "mean by an operation": lambda x: ops.reshape(
        conv(4, "head")(ops.mean(x, axis=(1, 2), keepdims=True)), (-1, 4)
    ),
    "with BatchNormalization": lambda x: layers.Flatten()(
        conv(4, "head")(norm(conv(5, "hidden")(GAP(keepdims=True)(x))))
    ),
    "1x1 as the output": lambda x: conv(4, "head")(GAP(keepdims=True)(x)),
}


def hard_by_hand(x):
    return layers.ReLU(6.0)(x + 3.0) * (1.0 / 6.0)


GATES = {
    "reshape, 1x1": lambda x: gate(
        x,
        lambda x: layers.Reshape((1, 1, 8))(GAP()(x)),
        lambda s: conv(8, "excite", activation="sigmoid")(conv(3, "squeeze", activation="silu")(s)),
    ),
    "Dense, reshape": lambda x: gate(
        x,
        lambda x: layers.Dense(3, "relu", name="squeeze")(GAP()(x)),
        lambda s: layers.Reshape((1, 1, 8))(layers.Dense(8, "sigmoid", name="excite")(s)),
    ),
    "Dense without reshape": lambda x: gate(
        x, GAP(), lambda s: layers.Dense(8, "sigmoid", name="excite")(s)
    ),
    "hard sigmoid as a layer": lambda x: gate(
        x,
        GAP(keepdims=True),
        lambda s: layers.Activation("hard_sigmoid")(conv(8, "excite")(s)),
    ),
    "hard sigmoid of operations, as MobileNetV3 has it": lambda x: gate(
        x, GAP(keepdims=True), lambda s: hard_by_hand(conv(8, "excite", use_bias=False)(s))
    ),
    "hard sigmoid inside the convolution": lambda x: gate(
        x, GAP(keepdims=True), conv(8, "excite", activation="hard_sigmoid")
    ),
    "hard sigmoid, Dense and reshape": lambda x: gate(
        x,
        GAP(),
        lambda s: layers.Reshape((1, 1, 8))(
            layers.Activation("hard_sigmoid")(layers.Dense(8, name="excite")(s))
        ),
    ),
    "relu6 by keras.ops": lambda x: gate(
        x, GAP(keepdims=True), lambda s: ops.relu6(3.0 + conv(8, "excite")(s)) / 6
    ),
}
