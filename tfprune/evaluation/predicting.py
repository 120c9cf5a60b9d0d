"""Rows of inputs → rows of outputs: by a Keras model, or by a .tflite file in its process."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.data import Input
from tfprune.errors import PruneError, first_line
from tfprune.graph import functional, inputs_of, is_graph, outputs_of, packed
from tfprune.keras_internals import mask_of, output_structure
from tfprune.notes import Note
from tfprune.runners import Runner
from tfprune.runners.given import described
from tfprune.runners.rows import batch_of
from tfprune.verification.outputs import as_run
from tfprune.verification.pairing import pair
from tfprune.verification.reference import call, input_specs

Arrays = Mapping[str, NDArray[Any]]


Infer = Callable[[Any], Any]


def compiled_inference(model: Any) -> Infer:
    """Return a Keras model's inference as one compiled function, traced at its first call.

    It may be used as long as only weights of the model change.
    """

    # No function of ours: TensorFlow counts the traces of all that share a code, and warns.
    infer = functools.partial(model, training=False)
    eagerly = getattr(model, "run_eagerly", False)
    return infer if eagerly else tf.function(infer, reduce_retracing=True)


class OutputSide(Protocol):
    """Gives outputs for rows of inputs; `names` and `aliases` are those of the outputs."""

    names: list[str]
    aliases: list[tuple[str, ...]]

    def predict(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Return one array for each output, a row for each row."""


class KerasSide:
    """A Keras model that predicts, compiled once, and not changed.

    Args:
        model: Built.
        asked: What for, for errors.
        notes: What is to be said is added here.
        infer: Its `compiled_inference`, where it is used several times.

    Attributes:
        inputs: What it takes; None if it does not know.
        names: Its outputs; known after the first rows where it does not know them.
        aliases: Other names of each: the keys of a dict.
    """

    runtime = f"Keras {keras.__version__}"

    def __init__(
        self, model: Any, asked: str, notes: list[Note], infer: Infer | None = None
    ) -> None:
        known = inputs_of(model)
        self._fixed = next((spec.shape[0] for spec in known or () if spec.shape), None)
        self.inputs = None if known is None else tuple(map(_open, known))
        self.names, self.aliases = keras_names(model)
        self._model, self._asked = model, asked
        self._infer = compiled_inference(model) if infer is None else infer
        notes += masked(model)

    def predict(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Return one array for each output, a row for each row."""
        rows = len(next(iter(inputs.values())))
        size = self._fixed or rows
        parts = [
            self._outputs({k: _filled(a[i : i + size], size) for k, a in inputs.items()})
            for i in range(0, rows, size)
        ]
        return [np.concatenate(outputs)[:rows] for outputs in zip(*parts, strict=True)]

    def _outputs(self, inputs: Arrays) -> list[NDArray[Any]]:
        try:
            tensors = {name: tf.convert_to_tensor(array) for name, array in inputs.items()}
            outputs = self._infer(packed(self._model, tensors))
        except Exception as error:  # whatever a layer says
            found = f"the data does not go through the model: {first_line(error)}"
            fix = "pass inputs preprocessed as in training, as (inputs, targets)"
            raise PruneError(self._asked, found, fix) from error
        if not self.names:
            keyed = isinstance(outputs, dict)
            flat = keras.tree.flatten(outputs)
            self.names = sorted(outputs) if keyed else [f"output_{i}" for i in range(len(flat))]
            self.aliases = [()] * len(self.names)
        return [np.asarray(keras.ops.convert_to_numpy(o)) for o in keras.tree.flatten(outputs)]

    def close(self) -> None:
        """Nothing is to be ended."""


class FileSide:
    """A .tflite file that predicts, in a child process.

    Args:
        path: The file.
        like: The Keras model it was made of, whose names its inputs and outputs then have.
        notes: What is to be said is added here.
        settings: What `Runner` takes.
    """

    def __init__(self, path: str, like: Any, notes: list[Note], **settings: Any) -> None:
        self._runner = Runner(path, **settings)
        self._like, self._path, self._notes = like, path, notes
        self.runtime = self._runner.runtime
        places = self._runner.inputs
        inputs, batched = described(places)
        self._order = list(range(len(places)))
        if like is not None:
            inputs = input_specs(like, places)
            found, more = pair("inputs", {s.name: s.shape for s in inputs}, places, path)
            self._order = [found[spec.name] for spec in inputs]
            notes += [*more, *masked(like)]
        self.inputs = tuple(map(_open, inputs)) if batched else inputs
        self._outputs = list(range(len(self._runner.outputs)))
        self.names, self.aliases = self._own_names()
        self._first = True

    def _own_names(self) -> tuple[list[str], list[tuple[str, ...]]]:
        """Return the names in the signature, several perhaps of one tensor; else the tensors."""
        specs = self._runner.outputs
        places = {name: i for i, spec in enumerate(specs) for name in spec.names}
        if not places:
            return [spec.name for spec in specs], [()] * len(specs)
        names = sorted(places, key=_number_in)
        self._outputs = [places[name] for name in names]
        tensors = [specs[i].name for i in self._outputs]
        return names, [(name,) if tensors.count(name) == 1 else () for name in tensors]

    def predict(self, inputs: Arrays) -> list[NDArray[Any]]:
        """Return one array for each output, a row for each row, in real values."""
        if self._first:
            self._first = False
            self._look_at(inputs)
        arrays = list(inputs.values())
        found = self._runner.run_rows(self._in_file_order(arrays))
        return [found[i] for i in self._outputs]

    def _in_file_order(self, arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
        return [arrays[self._order.index(place)] for place in range(len(arrays))]

    def _look_at(self, inputs: Arrays) -> None:
        """Say which integers are taken as they are; join the outputs with Keras' by names."""
        places = self._runner.inputs
        for array, place in zip(inputs.values(), self._order, strict=True):
            spec = places[place]
            if spec.quantized and array.dtype.name == spec.dtype:
                reason = f"integers of its own type, {spec.dtype}, are taken as they are"
                self._notes.append(Note(spec.signature or spec.name, reason))
        if self._like is None:
            return
        size = batch_of(places) or 1
        batch = {name: _filled(array[:size], size) for name, array in inputs.items()}
        expected = {name: a.shape for name, a in call(self._like, batch).items()}
        arrays = self._in_file_order(list(batch.values()))
        specs = as_run(self._runner.outputs, self._runner.run(arrays))
        found, more = pair("outputs", expected, specs, self._path)
        self._notes += more
        self._outputs = [found[name] for name in expected]
        names, aliases = keras_names(self._like)
        self.names = names or list(expected)
        self.aliases = aliases or [()] * len(expected)

    def close(self) -> None:
        """End the process."""
        self._runner.close()


def keras_names(model: Any) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of a model's outputs in the order Keras flattens them, and other names.

    Outputs in a dict are called by its keys, and by their layers; others by their layers.
    """
    layers = outputs_of(model)
    structure = output_structure(functional(model)) if layers else None
    if len(set(layers)) < len(layers):  # one layer makes two outputs
        return [f"output_{i}" for i in range(len(layers))], [()] * len(layers)
    if isinstance(structure, dict) and len(structure) == len(layers):
        return sorted(structure), [(name,) for name in layers]
    return list(layers), [(f"output_{i}",) for i in range(len(layers))]


def masked(model: Any) -> list[Note]:
    """Say which outputs carry a mask: `fit` leaves masked steps out, a file knows none."""
    if not is_graph(model):
        return []
    tensors = keras.tree.flatten(output_structure(functional(model)))
    pairs = zip(outputs_of(model), tensors, strict=True)
    reason = (
        "it carries a mask: Keras' own evaluate leaves masked steps out, here they count, for a "
        "file knows no masks; give sample weights that are 0 there"
    )
    return [Note(name, reason) for name, tensor in pairs if mask_of(tensor) is not None]


def _open(spec: Input) -> Input:
    return replace(spec, shape=(None, *spec.shape[1:]))


def _filled(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return an array of `size` rows, the last one repeated."""
    missing = size - len(array)
    return np.concatenate([array, np.repeat(array[-1:], missing, axis=0)]) if missing else array


def _number_in(name: str) -> tuple[str, int]:
    """Return what sorts `output_10` behind `output_9`."""
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
