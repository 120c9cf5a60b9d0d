"""Small Keras models with known zeros, and a way to run a .tflite file."""

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from keras import layers


def mobilenet(size=32, channels=3, pad=True, tail=None):
    """A small MobileNet that meets every rule of a sparse cluster, unless an argument breaks one.

    `tail(features)` replaces pooling and head.
    """
    image = x = keras.Input((size, size, channels))
    x = layers.ZeroPadding2D(1)(x) if pad else x
    x = layers.Conv2D(8, 3, 2, "valid" if pad else "same", use_bias=False, name="stem")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    for i, (filters, stride) in enumerate([(16, 1), (32, 2), (64, 2)]):
        x = layers.ZeroPadding2D(1)(x) if stride == 2 else x
        padding = "valid" if stride == 2 else "same"
        x = layers.DepthwiseConv2D(3, stride, padding, use_bias=False, name=f"conv_dw_{i}")(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"conv_pw_{i}")(x)
        x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    return keras.Model(image, (tail or classify)(x))


def classify(x):
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(10, activation="softmax", name="head")(x)


def prune(model, sparsity, block=2):
    """Zero the smallest blocks of neighbouring output channels of every 1x1 convolution."""
    for layer in model.layers:
        if layer.name.startswith("conv_pw"):
            kernel = np.array(layer.kernel)
            blocks = kernel.reshape(-1, block)
            order = np.argsort(np.abs(blocks).sum(1))
            blocks[order[: round(sparsity * len(order))]] = 0
            layer.kernel.assign(blocks.reshape(kernel.shape))
    return model


def warm(model, seed=0):
    """Give every BatchNormalization statistics that fold into a different scale per channel."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.gamma.assign(random.uniform(0.5, 1.5, layer.gamma.shape))
            layer.beta.assign(random.normal(0, 0.3, layer.gamma.shape))
            layer.moving_mean.assign(random.normal(0, 0.1, layer.gamma.shape))
            layer.moving_variance.assign(random.uniform(0.1, 0.5, layer.gamma.shape))
    return model


def small_dense():
    model = keras.Sequential(
        [keras.Input((4,), name="x"), layers.Dense(8, "relu", name="a"), layers.Dense(2, name="b")]
    )
    return model


def run(path, *inputs, xnnpack=True):
    """Run a .tflite file in ai-edge-litert and return its first output."""
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    resolver = OpResolverType.AUTO if xnnpack else plain
    interpreter = Interpreter(str(path), experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
