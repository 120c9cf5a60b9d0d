"""The doctor for files and for Keras models: what will run, and whether it will be right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tfprune import files
from tfprune.diagnosis import Diagnosis, diagnose
from tfprune.tflite.reading import read_tflite

_KERAS = (".keras", ".h5")


def doctor(model: Any, target: str | None = None) -> Diagnosis:
    """Say which kernels will run a model on each CPU, and whether they compute rightly.

    A .tflite file is only read: that takes milliseconds, nothing runs, and TensorFlow is not
    imported. A Keras model is first converted, into a temporary file, as `tfprune.convert` does by
    default; what is said is then said of that file.

    Args:
        model: The path of a .tflite file, its bytes, the path of a .keras file, or a Keras model.
        target: `"android-arm64"`, `"android-arm64-nodot"` (without dot product), `"x86"`,
            `"x86-noavx"`; None for all of them.

    Returns:
        A `Diagnosis`: a verdict for each target (`"safe"`: sparse kernels run, and rightly;
        `"dense"`; `"unsafe"`: wrong numbers; `"unloadable"`: no LiteRT loads it; `"unknown"`), the
        kernels of each op, and findings with the change that would fix each.

    Raises:
        PruneError: there is no such target, or the model can't be converted.
        FileError: the file is missing, damaged or foreign.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> doctor(model, "x86").verdict
        'dense'

    The rules and their sources are `tfprune.runtimes.SPARSE_RULES`.
    """
    path = isinstance(model, (str, os.PathLike)) and not Path(model).is_dir()
    if isinstance(model, bytes) or (path and Path(model).suffix not in _KERAS):
        return diagnose(read_tflite(model), target)
    from tfprune.export.conversion import convert

    with files.temporary_folder() as folder:
        file = folder / "converted.tflite"
        convert(model, file)
        return diagnose(read_tflite(file), target).renamed(_name(model))


def _name(model: Any) -> str:
    return str(model if isinstance(model, (str, os.PathLike)) else getattr(model, "name", "model"))
