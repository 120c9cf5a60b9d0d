"""Content of a .tflite file: converted, quantized, with the layers left out that stay float."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.export import converter
from tfprune.export.calibrated import calibrate
from tfprune.export.int4 import notes_on_int4, with_int4_weights
from tfprune.export.kept_float import find_layers, notes_on
from tfprune.export.layer_ops import LayerOps, layer_ops
from tfprune.export.result import KernelLink
from tfprune.export.stayed_float import stayed_float
from tfprune.notes import Note
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.reading import read_tflite


def quantized(
    folder: str, model: Any, settings: converter.Settings, keep_float: Sequence[str]
) -> tuple[bytes, tuple[LayerOps, ...]]:
    """Return the file of the SavedModel in `folder`, stored dense, and the layers kept float.

    Args:
        folder: The SavedModel.
        model: The Keras model inside, None if it is not known.
        settings: How to convert.
        keep_float: Names and globs of layers that stay float, in int8 and int4 files.

    Raises:
        PruneError: the converter refuses the model, or a name fits no layer.
    """
    if settings.quantize == "int4":
        content = converter.run(folder, settings)
        kept = find_layers(keep_float, model, layer_ops(model, read_tflite(content)))
        return with_int4_weights(content, kept), kept
    if not keep_float:
        return converter.run(folder, settings), ()
    calibrated = calibrate(folder, model, settings)
    kept = find_layers(keep_float, model, calibrated.layers)
    return calibrated.quantized(kept), kept


def notes_on_precision(
    tflite: TFLiteModel,
    kernels: tuple[KernelLink, ...],
    quantize: str | None,
    aware: bool,
    kept: tuple[LayerOps, ...],
) -> tuple[Note, ...]:
    """Return what computes in another number format than `quantize` says, and why.

    Raises:
        PruneError: a layer that was to stay float did not.
    """
    asked = notes_on(kept, tflite)
    if quantize == "int4":
        return (*asked, *notes_on_int4(tflite, kernels, kept))
    return (*asked, *stayed_float(tflite, kernels, quantize, aware, kept))
