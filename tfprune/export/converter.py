"""Drive `tf.lite.TFLiteConverter` over a SavedModel folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfprune.errors import PruneError
from tfprune.export.calibration import Sample
from tfprune.export.quiet import quiet
from tfprune.keras_internals import calibrate_only, converter_of
from tfprune.notes import Note
from tfprune.progress import track
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.reading import read_tflite

_INT16 = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
_FLEX = "runs only where the app links the Select TF ops library"


@dataclass(frozen=True)
class Settings:
    """How to convert.

    Args:
        quantize: `None`, `"float16"`, `"dynamic"`, `"int8"`, `"int16x8"` or `"int4"`.
        io_dtype: The dtype of an int8 model's inputs and outputs, `"float32"` or `"int8"`.
        samples: Calibration data for int8 and int16x8; none if the model holds its ranges.
    """

    quantize: str | None
    io_dtype: str
    samples: tuple[Sample, ...]


def run(folder: str, settings: Settings, sparse: bool = False, calibrate: bool = False) -> bytes:
    """Return the .tflite bytes of the SavedModel in `folder`.

    Only TFLite's own ops are asked for; TensorFlow's are allowed if the model needs them, which
    `select_ops` tells from the result.

    Args:
        folder: The SavedModel.
        settings: How to convert.
        sparse: Whether to store zeros sparse.
        calibrate: Whether to stop after the calibration, with a float file that holds the ranges.

    Raises:
        PruneError: the converter refuses the model.
    """
    if settings.samples:
        _check_loops(folder)
    try:
        return _attempt(folder, settings, sparse, calibrate, select_ops=False)
    except Exception as error:
        if not _needs_select_ops(error):
            raise refused(error, settings) from error
    try:
        return _attempt(folder, settings, sparse, calibrate, select_ops=True)
    except Exception as error:
        raise refused(error, settings) from error


def select_ops(tflite: TFLiteModel) -> tuple[Note, ...]:
    """Return a note for each TensorFlow op that a file needs."""
    names = {op.name for graph in tflite.subgraphs for op in graph.ops if op.custom}
    return tuple(Note(name, _FLEX) for name in sorted(names) if name.startswith("Flex"))


def _attempt(
    folder: str, settings: Settings, sparse: bool, calibrate: bool, select_ops: bool
) -> bytes:
    with quiet():
        converter = converter_of(folder)
        configure(converter, settings)
        if sparse:
            sparsity = tf.lite.Optimize.EXPERIMENTAL_SPARSITY
            converter.optimizations = [*converter.optimizations, sparsity]
        if calibrate:
            calibrate_only(converter)
        if select_ops:
            converter.target_spec.supported_ops += [tf.lite.OpsSet.SELECT_TF_OPS]
        return converter.convert()


def _check_loops(folder: str) -> None:
    """Refuse to calibrate a loop: the calibrator of TensorFlow 2.21 ends the process over one."""
    if b"While" not in Path(folder, "saved_model.pb").read_bytes():
        return
    # Some loops vanish in the conversion, like those of tf_keras' LSTM, which has its own op.
    if len(read_tflite(run(folder, Settings(None, "float32", ()))).subgraphs) > 1:
        raise PruneError(
            "full integer quantization",
            "the model holds a loop, such as an RNN layer, which can't be calibrated",
            "build the RNN layers with unroll=True, or use quantize='dynamic'",
        )


def configure(converter: Any, settings: Settings) -> None:
    """Tell a converter how."""
    builtins = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.target_spec.supported_ops = builtins
    if settings.quantize in (None, "int4"):  # int4 is made of a float file
        return
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if settings.quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if settings.samples:
        integer = _INT16 if settings.quantize == "int16x8" else tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        # An op without an integer kernel may stay float: it becomes a note, not a failure.
        converter.target_spec.supported_ops = [integer, *builtins]
        converter.representative_dataset = lambda: _tracked(settings.samples)
    if settings.io_dtype == "int8":
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8


def _tracked(samples: tuple[Sample, ...]) -> Iterator[Sample]:
    yield from track(samples, "calibrating", total=len(samples))


def _needs_select_ops(error: Exception) -> bool:
    return "TF Select ops" in str(error) or "ERROR_NEEDS_FLEX_OPS" in str(error)


def refused(error: Exception, settings: Settings) -> PruneError:
    """Return the error for a model that TensorFlow's converter refuses."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error:|not supported|unsupported", line)]
    found = (telling or lines or [type(error).__name__])[0]
    return PruneError(
        f"convert with quantize={settings.quantize!r}",
        f"TensorFlow's converter refuses the model: {found[:400]}",
        "replace the op it names, or pass a fixed batch_size and input_signature",
    )
