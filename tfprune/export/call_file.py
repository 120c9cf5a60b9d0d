"""A small model as .tflite bytes, without a SavedModel in between: many are made at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.export.converter import Settings, configure, refused
from tfprune.export.quiet import quiet
from tfprune.graph import functional
from tfprune.keras_internals import input_structure


def call_file(model: Any, quantize: str | None = None) -> bytes:
    """Return the file of a model for one sample, to be timed, in a fifth of the time of `convert`.

    It lacks what makes a file fit to be shipped: names, checks, sparse storage.

    Args:
        model: A Functional or built Sequential model; its weights become constants.
        quantize: None, "float16", "dynamic" or "int8"; ranges of int8 are those of drawn numbers.

    Raises:
        PruneError: the converter refuses the model.

    Example:
        >>> import keras
        >>> x = keras.Input(batch_shape=(1, 4))
        >>> len(call_file(keras.Model(x, keras.layers.Dense(2)(x)))) > 500
        True
    """
    net = functional(model)
    values = [tf.constant(v) for v in net.trainable_variables]
    others = [tf.constant(v) for v in net.non_trainable_variables]
    specs = [tf.TensorSpec((1, *tensor.shape[1:]), tensor.dtype) for tensor in net.inputs]

    def forward(*inputs: Any) -> Any:
        nested = keras.tree.pack_sequence_as(input_structure(net), list(inputs))
        return net.stateless_call(values, others, nested, training=False)[0]

    settings = Settings(quantize, "float32", ())
    try:
        with quiet():
            function = tf.function(forward, autograph=False).get_concrete_function(*specs)
            converter = tf.lite.TFLiteConverter.from_concrete_functions([function])
            configure(converter, settings)
            if quantize == "int8":
                integer = tf.lite.OpsSet.TFLITE_BUILTINS_INT8
                converter.target_spec.supported_ops = [integer, tf.lite.OpsSet.TFLITE_BUILTINS]
                converter.representative_dataset = lambda: [_drawn(specs)]
            content: bytes = converter.convert()
    except Exception as error:  # whatever the converter says
        raise refused(error, settings) from error
    return content


def _drawn(specs: list[Any]) -> list[Any]:
    random = np.random.default_rng(0)
    return [random.normal(size=spec.shape).astype(spec.dtype.as_numpy_dtype) for spec in specs]
