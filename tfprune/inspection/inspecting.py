"""inspect: choose the reader that fits what was given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.errors import FileError
from tfprune.inspection.records import Inspection


def inspect(model_or_path: Any, input_shape: Any = None) -> Inspection:
    """Count the kernels, zeros and bytes of a model, and what each layer costs.

    Args:
        model_or_path: A built Keras model, wrapped for pruning or not, which is not changed; or
            the path of a `.keras`, `.h5` or `.tflite` file. Reading a `.tflite` file needs no
            TensorFlow.
        input_shape: The shape of one sample, `(224, 224, 3)`, for a Keras model that leaves sizes
            open; for several inputs a list of shapes or a dict by input name.

    Returns:
        An `Inspection`: one row for each kernel, one for each layer or op with its parameters,
        multiply-accumulates and activations, totals, notes.

    Raises:
        FileError: the file is missing, foreign or broken.
        PruneError: the object is no Keras model, has no weights yet, or does not take
            `input_shape`.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> [row] = inspect(model).rows
        >>> row.name, row.shape, row.zeros, row.bytes
        ('head/kernel', (4, 2), 0, 32)
        >>> inspect(model).totals.macs
        8
    """
    if isinstance(model_or_path, (str, os.PathLike)):
        return _inspect_file(Path(model_or_path), input_shape)
    from tfprune.inspection.keras_model import inspect_model

    return inspect_model(model_or_path, input_shape)


def _inspect_file(path: Path, input_shape: Any) -> Inspection:
    if path.is_dir():
        raise FileError(
            f"inspect {path}",
            "it is a folder",
            "name a .keras or .tflite file; tfprune.convert turns a SavedModel into a .tflite",
        )
    content = files.read_bytes(path)
    if path.suffix == ".tflite" or content[4:8] == b"TFL3":
        from tfprune.inspection.tflite_file import inspect_tflite

        return inspect_tflite(path, input_shape)
    if path.suffix in (".keras", ".h5"):
        from tfprune.inspection.keras_model import inspect_keras_file

        return inspect_keras_file(path, content, input_shape)
    raise FileError(
        f"inspect {path}",
        "it is neither a Keras model nor a .tflite file",
        "name a .keras, .h5 or .tflite file",
    )
