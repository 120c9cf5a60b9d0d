"""The road of a quantized model: train, save, convert, compare with the file."""

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from tfprune import convert, quantize_model
from tfprune.tflite.reading import read_tflite

BATCH = 8
_PLAIN = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def batch_for(model, seed=0):
    """Random inputs of a model, one array or a list of them."""
    random = np.random.default_rng(seed)
    arrays = [random.normal(size=(BATCH, *t.shape[1:])).astype(t.dtype) for t in model.inputs]
    return arrays if len(arrays) > 1 else arrays[0]


def unlearned(model, inputs):
    """The quantized model with its ranges, as if trained at learning rate 0."""
    aware = quantize_model(model)
    norms = [n for n in aware._flatten_layers() if isinstance(n, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.trainable = False  # else its statistics move on
    aware(inputs, training=True)
    for norm in norms:
        norm.trainable = True
    return aware


def change(found, wanted):
    """How far an output is from another, as a share of the spread of its values."""
    found, wanted = (np.asarray(y).astype("float64") for y in (found, wanted))
    return float(np.sqrt(np.mean((found - wanted) ** 2)) / max(wanted.std(), 1e-9))


def outputs_of(model, inputs):
    """The outputs of a model by name; a single one is called output_0, as in its file."""
    outputs = model(inputs, training=False)
    if not isinstance(outputs, dict):
        outputs = {f"output_{i}": y for i, y in enumerate(keras.tree.flatten(outputs))}
    return {name: np.asarray(y) for name, y in outputs.items()}


def trained(model, inputs, steps=3, **settings):
    """The model after a few steps of training towards its own outputs, disturbed."""
    aware = quantize_model(model, **settings)
    train(aware, inputs, model(inputs, training=False), steps)
    return aware


def train(aware, inputs, outputs, steps=3):
    """Train towards these outputs, disturbed."""
    targets = keras.tree.map_structure(lambda y: np.tanh(y) + 0.1, outputs)
    aware.compile(keras.optimizers.Adam(1e-3), "mse", jit_compile=False)
    # Variables made in the first step would have it traced twice.
    aware.optimizer.build(aware.trainable_variables)
    aware.compute_loss(None, targets, outputs)
    for _ in range(steps):
        aware.train_on_batch(inputs, targets)


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
    """How many int8 steps the file is away from Keras, for each value of each output by name."""
    resolver = {} if xnnpack else {"experimental_op_resolver_type": _PLAIN}
    runner = Interpreter(path, num_threads=1, **resolver).get_signature_runner()
    details, outputs = runner.get_input_details(), runner.get_output_details()
    names = [t._keras_history.operation.name for t in model.inputs]
    arrays = inputs if isinstance(inputs, list) else [inputs]
    found = runner(**{n: _stored(a, details[n]) for n, a in zip(names, arrays, strict=True)})
    wanted, steps = outputs_of(model, inputs), _output_steps(path)
    return {
        name: np.abs(_real(found[name], outputs[name]) - wanted[name])
        / steps[outputs[name]["index"]]
        for name in found
    }


def _stored(array, detail):
    if detail["dtype"] != np.int8:
        return array
    scale, zero = detail["quantization"]
    return np.clip(np.floor(array / scale + zero + 0.5), -128, 127).astype(np.int8)


def _real(array, detail):
    scale, zero = detail["quantization"]
    return array if array.dtype != np.int8 else (array.astype(np.float32) - zero) * scale


def _output_steps(path):
    """The scale of each output by its index, before it became float again."""
    tflite = read_tflite(path)
    sources = {op.outputs[0]: op.inputs[0] for op in tflite.ops if op.name == "DEQUANTIZE"}
    return {i: tflite.tensors[sources.get(i, i)].scales[0] for i in tflite.outputs}


def converted(model, folder, **settings):
    path = str(folder / "model.tflite")
    convert(model, path, quantize="int8", batch_size=BATCH, **settings)
    return path
