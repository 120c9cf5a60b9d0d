"""Bring every kind of model that `convert` accepts to one form: a SavedModel folder."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tfprune.errors import PruneError
from tfprune.export.foreign import from_saved_model, from_tf_keras
from tfprune.export.specs import Exported, unbuilt, with_batch
from tfprune.keras_facts import is_tf_keras
from tfprune.keras_files import load_model
from tfprune.keras_internals import drops_out_inside, layers_of, maker, scopes_closed
from tfprune.precision import in_float32

# What a name scope may be called: tensorflow/python/framework/ops.py, _VALID_SCOPE_NAME_REGEX.
_SCOPE = re.compile(r"[A-Za-z0-9_.\\/>-]*")


def export(model: Any, folder: str, batch_size: int | None, input_signature: Any) -> Exported:
    """Write `model` as a SavedModel into `folder`, with a fixed batch size.

    Args:
        model: A built Keras model, a `.keras` path, a SavedModel folder or a tf_keras model.
        folder: An empty folder.
        batch_size: The batch size of every input, None to leave it open.
        input_signature: Specs with shape and dtype (`keras.InputSpec`, `tf.TensorSpec`), nested
            as the model's first argument; needed where the model does not know its inputs.

    Raises:
        FileError: a path is missing, or holds no model.
        PruneError: the model is not built, or no Keras model at all.
    """
    if isinstance(model, (str, os.PathLike)):
        path = Path(model)
        if path.is_dir():
            return from_saved_model(path, folder, batch_size)
        model = load_model(path)
    if isinstance(model, keras.Model):
        return _from_keras(model, folder, batch_size, input_signature)
    if is_tf_keras(model):
        return from_tf_keras(model, folder, batch_size, input_signature)
    raise PruneError(
        f"convert an object of type {type(model).__name__}",
        "it is no Keras model",
        "pass a built keras.Model, the path of a .keras file, or a SavedModel folder",
    )


def _from_keras(model: Any, folder: str, batch_size: int | None, input_signature: Any) -> Exported:
    if keras.backend.backend() != "tensorflow":
        raise PruneError(
            "convert a Keras model",
            f"Keras runs on {keras.backend.backend()}, the converter reads TensorFlow graphs",
            "save it as .keras and convert that file in a process with KERAS_BACKEND=tensorflow",
        )
    if not model.built:
        raise unbuilt(model)
    signature = model_specs(model) if input_signature is None else input_signature
    model, notes = in_float32(model)
    specs = with_batch(signature, batch_size)
    with _without_masks_of_cells(model), scopes_closed():
        try:
            _save(model, specs, folder)
        except ValueError as error:
            _check_scopes(model, error)
            raise
    return Exported(folder, tuple(tf.nest.flatten(specs)), model, notes)


def _save(model: Any, specs: Any, folder: str) -> None:
    """Save the forward pass as `serving_default`; the model is traced once.

    Keras' own archive finds look-up tables too, by a walk through all layers, and traces the model
    three times.
    """
    forward = functools.partial(model.__call__, training=False)
    serve = tf.function(forward, input_signature=[specs], autograph=False).get_concrete_function()
    module = tf.Module()
    module.variables_held = list(serve.variables)
    try:
        tf.saved_model.save(module, folder, signatures=serve)
    except AssertionError:  # TensorFlow's error for what a graph reads and nobody holds
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serving_default", forward, input_signature=[specs])
        archive.write_out(folder, verbose=False)


@contextmanager
def _without_masks_of_cells(model: Any) -> Iterator[None]:
    """Let recurrent cells have no dropout inside the block.

    Keras draws the masks in inference too, for nobody: a file then holds a seed, and each of its
    runs moves it on.
    """
    cells = [layer for layer in layers_of(model) if drops_out_inside(layer)]
    rates = [(cell.dropout, cell.recurrent_dropout) for cell in cells]
    try:
        for cell in cells:
            cell.dropout = cell.recurrent_dropout = 0.0
        yield
    finally:
        for cell, (inputs, recurrent) in zip(cells, rates, strict=True):
            cell.dropout, cell.recurrent_dropout = inputs, recurrent


def _check_scopes(model: Any, error: ValueError) -> None:
    """Raise PruneError if it was for the name of a layer that TensorFlow refused the model."""
    refused = [
        layer.name for layer in [model, *layers_of(model)] if not _SCOPE.fullmatch(layer.name)
    ]
    if refused:
        raise PruneError(
            f"convert the model {model.name!r}",
            f"TensorFlow does not take the layer name {refused[0]!r}",
            "build the model with names of letters, digits and _ . - only, then "
            "new.set_weights(model.get_weights())",
        ) from error


def model_specs(model: Any) -> Any:
    """Return the specs of a model's inputs, nested as its first argument, named by its layers.

    Raises:
        PruneError: a subclassed model that does not know the shape of its inputs.
    """
    inputs = getattr(model, "inputs", None)
    if inputs:
        names = iter([maker(tensor).name for tensor in inputs])
        nested = inputs[0] if isinstance(model, keras.Sequential) else model.input
        return keras.tree.map_structure(
            lambda t: tf.TensorSpec(t.shape, t.dtype, name=next(names)), nested
        )
    shape = (model.get_build_config() or {}).get("input_shape")
    if shape is None or not all(isinstance(n, (int, type(None))) for n in shape):
        raise PruneError(
            f"convert the model {model.name!r}",
            "a subclassed model does not know its inputs",
            "pass input_signature=keras.InputSpec(shape=(1, ...), dtype='float32')",
        )
    return tf.TensorSpec(shape, keras.config.floatx(), name="inputs")
