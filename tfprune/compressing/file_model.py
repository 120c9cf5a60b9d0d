"""FileModel: a `.tflite` file as a Keras model, for a user's own `evaluate(model)`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.graph import functional, outputs_of
from tfprune.keras_internals import flat_inputs, output_structure
from tfprune.runners import Runner
from tfprune.verification.pairing import pair


@contextmanager
def running(model: Any, like: Any) -> Iterator[Any]:
    """Yield a Keras model as it is, or a `.tflite` file of the model `like` as one."""
    if like is None:
        yield model
        return
    made = FileModel(model, like)
    try:
        yield made
    finally:
        made.close()


class FileModel(keras.Model):
    """Computes what a `.tflite` file computes; it can be called and evaluated, not trained.

    Args:
        path: The file.
        like: The Keras model it was converted from: names and nesting of inputs and outputs.
    """

    def __init__(self, path: str | os.PathLike[str], like: Any) -> None:
        super().__init__(name=like.name)
        self.built = True
        self._net = functional(like)
        self._runner = Runner(path)
        inputs = {tensor.name: tuple(tensor.shape) for tensor in self._net.inputs}
        named = zip(outputs_of(like), self._net.outputs, strict=True)
        outputs = {name: tuple(tensor.shape) for name, tensor in named}
        self._inputs_at, _ = pair("inputs", inputs, self._runner.inputs, str(path))
        self._outputs_at, _ = pair("outputs", outputs, self._runner.outputs, str(path))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Run the file on each sample."""
        given = flat_inputs(self._net, inputs)
        outputs = list(self._net.outputs)
        values = tf.numpy_function(self._run, given, [tf.as_dtype(t.dtype) for t in outputs])
        values = values if isinstance(values, list) else [values]
        for value, tensor in zip(values, outputs, strict=True):
            value.set_shape((None, *tensor.shape[1:]))
        return keras.tree.pack_sequence_as(output_structure(self._net), values)

    def close(self) -> None:
        """End the process that runs the file."""
        self._runner.close()

    def _run(self, *arrays: np.ndarray) -> list[np.ndarray]:
        given = dict(zip(self._inputs_at.values(), arrays, strict=True))
        found = self._runner.run_rows([given[place] for place in range(len(given))])
        return [
            found[place].astype(tensor.dtype, copy=False)
            for place, tensor in zip(self._outputs_at.values(), self._net.outputs, strict=True)
        ]
