"""Content of a .tflite file: converted, quantized, with the layers left out that stay float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfprune.errors import PruneError
from tfprune.export import converter
from tfprune.export.calibrated import calibrate
from tfprune.export.int4 import notes_on_int4, with_int4_weights
from tfprune.export.islands import without_islands
from tfprune.export.kept_float import find_layers, notes_on
from tfprune.export.masked_scores import unbounded
from tfprune.export.normalizations import VARIANCE
from tfprune.export.outliers import OUTLIERS
from tfprune.export.stayed_float import stayed_float
from tfprune.layer_names import Selectors
from tfprune.linking.layer_ops import LayerOps, layer_ops
from tfprune.linking.link import KernelLink
from tfprune.notes import Note
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.reading import read_tflite

# LiteRT 2.3: "SquaredDifference only supports FLOAT32 and INT32 now", when it is invoked.
_NOT_IN_INT16 = ("SQUARED_DIFFERENCE",)


@dataclass(frozen=True)
class LeftFloat:
    """Layers of an integer file that compute in float.

    Args:
        asked: Those of `keep_float`.
        normalizations: Those that int8 cannot hold.
        outliers: Those whose outputs are too coarse in int8 for a normalization.
    """

    asked: tuple[LayerOps, ...] = ()
    normalizations: tuple[LayerOps, ...] = ()
    outliers: tuple[LayerOps, ...] = ()


def quantized(
    folder: str, model: Any, settings: converter.Settings, keep_float: Selectors
) -> tuple[bytes, LeftFloat]:
    """Return the file of the SavedModel in `folder`, stored dense, and the layers left float.

    Args:
        folder: The SavedModel.
        model: The Keras model inside, None if it is not known.
        settings: How to convert.
        keep_float: The layers that stay float, in int8 and int4 files.

    Raises:
        PruneError: the converter refuses the model, or a name fits no layer.
    """
    if settings.quantize == "int4":
        content = converter.run(folder, settings)
        kept = find_layers(keep_float, model, layer_ops(model, read_tflite(content)))
        return with_int4_weights(content, kept), LeftFloat(kept)
    if settings.quantize != "int8" or not settings.samples:
        content = converter.run(folder, settings)
        if settings.quantize == "int16x8":
            _check_int16(read_tflite(content))
        return without_islands(content), LeftFloat()
    calibrated = calibrate(folder, model, settings)
    kept = find_layers(keep_float, model, calibrated.layers)
    asked = {output for layer in kept for output in layer.outputs}
    others = tuple(n for n in calibrated.normalizations if not asked.intersection(n.outputs))
    coarse = tuple(layer for layer in calibrated.outliers if not asked & set(layer.outputs))
    content = calibrated.quantized(kept)
    return content if kept else without_islands(content), LeftFloat(kept, others, coarse)


def _check_int16(tflite: TFLiteModel) -> None:
    """Refuse a file that the converter writes and no interpreter runs."""
    for op in tflite.all_ops:
        read = tflite.read_by(op)[0] if op.name in _NOT_IN_INT16 else None
        if read is not None and read.dtype == "int16":
            raise PruneError(
                "convert with quantize='int16x8'",
                f"{tflite.written_by(op)[0].name.split(';')[0]!r} computes {op.name}, as "
                "LayerNormalization does: no interpreter runs it in int16",
                "use quantize='int8', which leaves normalizations float, or 'dynamic'",
            )


def notes_on_precision(
    tflite: TFLiteModel,
    model: Any,
    kernels: tuple[KernelLink, ...],
    quantize: str | None,
    *,
    aware: bool,
    left: LeftFloat,
) -> tuple[Note, ...]:
    """Return what computes in another number format than `quantize` says, and why.

    Raises:
        PruneError: a layer that was to stay float did not.
    """
    asked = notes_on(left.asked, tflite)
    if quantize == "int4":
        return (*asked, *notes_on_int4(tflite, kernels, left.asked))
    own = (Note(layer.name, VARIANCE) for layer in left.normalizations)
    coarse = (Note(layer.name, OUTLIERS) for layer in left.outliers)
    known = (*left.asked, *left.normalizations, *left.outliers)
    others = stayed_float(tflite, model, kernels, quantize, aware, known)
    return (*asked, *own, *coarse, *unbounded(tflite), *others)
