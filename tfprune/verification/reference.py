"""The Keras side: load a model, know its inputs by name, call it on batches."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from tfprune.data import Input
from tfprune.errors import PruneError
from tfprune.graph import inputs_of, packed
from tfprune.keras_files import load_model
from tfprune.runners import TensorSpec

Arrays = dict[str, np.ndarray]
Outputs = list[dict[str, np.ndarray]]


def load(model: Any) -> Any:
    """Return a Keras model, loading it if a `.keras` path is given.

    Raises:
        FileError: the path holds no Keras model.
        PruneError: it is neither a path nor a built model.
    """
    if not isinstance(model, (str, os.PathLike)):
        if not callable(getattr(model, "get_weights", None)) or not getattr(model, "built", False):
            raise PruneError(
                f"verify against an object of type {type(model).__name__}",
                "it is no built Keras model",
                "pass the model the file was converted from, or its .keras path",
            )
        return model
    return load_model(model)


def input_specs(model: Any, specs: list[TensorSpec]) -> tuple[Input, ...]:
    """Return the model's inputs in the order Keras flattens them, with the batch of the file.

    A subclassed model does not know its inputs; then they are those of the file.
    """
    known = inputs_of(model)
    if known is None:
        return tuple(
            Input(
                name=s.signature or s.name,
                shape=s.shape,
                dtype="float32" if s.quantized else s.dtype,
            )
            for s in specs
        )
    batch = specs[0].shape[0] if specs and specs[0].shape else 1
    return tuple(replace(own, shape=(batch, *own.shape[1:])) for own in known)


def call(model: Any, batch: Arrays) -> dict[str, np.ndarray]:
    """Run the model on one batch, in inference mode; return its outputs by name, flattened.

    The names are those exporters give: the keys of a dict, else `output_0`, `output_1`, ...
    """
    outputs = model(_pack(model, batch), training=False)
    flat = [np.asarray(keras.ops.convert_to_numpy(o)) for o in keras.tree.flatten(outputs)]
    keyed = isinstance(outputs, dict) and len(outputs) == len(flat)
    names = sorted(outputs) if keyed else [f"output_{i}" for i in range(len(flat))]
    return dict(zip(names, flat, strict=True))


def _pack(model: Any, batch: Arrays) -> Any:
    """Nest inputs by name as the model's first argument is nested."""
    if inputs_of(model) is not None:
        return packed(model, batch)
    arrays = list(batch.values())
    shape = (model.get_build_config() or {}).get("input_shape")
    if isinstance(shape, dict):
        return keras.tree.pack_sequence_as(dict.fromkeys(shape, 0), arrays)
    return arrays[0] if len(arrays) == 1 else arrays
