"""The road of a quantized model: train, save, convert, compare with the file."""

import keras
import numpy as np

from tfprune import convert, quantize_model
from tfprune.runners import Runner
from tfprune.tflite.reading import read_tflite


def images(count=8, size=8, channels=3, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size, size, channels)).astype("float32")


def batch_for(model, count=8, seed=0):
    """Random inputs of a model, one array or a list of them."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=(count, *t.shape[1:])).astype("float32") for t in model.inputs]
    return arrays if len(arrays) > 1 else arrays[0]


def trained(model, inputs, steps=6, **settings):
    """The model from quantization-aware training on targets that are its own, disturbed."""
    aware = quantize_model(model, **settings)
    targets = keras.tree.map_structure(lambda y: np.tanh(y) + 0.1, model.predict(inputs, verbose=0))
    aware.compile(keras.optimizers.Adam(1e-3), "mse")
    aware.fit(inputs, targets, epochs=steps, batch_size=4, verbose=0)
    return aware


def float_ops(path):
    """The ops of a file that compute in float, besides entering and leaving."""
    tflite = read_tflite(path)
    return [
        op.name
        for op in tflite.ops
        if op.name not in ("QUANTIZE", "DEQUANTIZE")
        and any(tflite.tensors[i].dtype == "float32" for i in op.outputs)
    ]


def steps_apart(model, path, inputs, xnnpack=True):
    """How many int8 steps of the output each value of the file is away from Keras."""
    tflite = read_tflite(path)
    arrays = inputs if isinstance(inputs, list) else [inputs]
    with Runner(path, xnnpack=xnnpack) as runner:
        found = [runner.run([a[i : i + 1] for a in arrays])[0] for i in range(len(arrays[0]))]
    expected = keras.tree.flatten(model.predict(inputs, verbose=0))[0]
    return np.abs(np.concatenate(found) - expected) / output_step(tflite)


def output_step(tflite):
    """The scale of the first output, before it became float again."""
    index = tflite.outputs[0]
    for op in tflite.ops:
        if op.name == "DEQUANTIZE" and index in op.outputs:
            index = op.inputs[0]
    return tflite.tensors[index].scales[0]


def converted(model, folder, **settings):
    path = str(folder / "model.tflite")
    convert(model, path, quantize="int8", **settings)
    return path
