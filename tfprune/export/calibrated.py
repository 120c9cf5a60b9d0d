"""A model with known ranges, quantized as often as asked, each time with other layers float."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import tensorflow as tf

from tfprune.export.converter import Settings, refused, run
from tfprune.export.masked_scores import bounded
from tfprune.export.normalizations import normalizations
from tfprune.export.outliers import too_coarse
from tfprune.export.quiet import quiet
from tfprune.export.ranges import Ranges, measured
from tfprune.keras_internals import quantize_calibrated
from tfprune.linking.layer_ops import LayerOps, kinds_left_out, layer_ops
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.reading import read_tflite


@dataclass(frozen=True)
class Calibrated:
    """A float file with the range of every tensor, found on representative data.

    What `tf.lite.experimental.QuantizationDebugger` does to leave nodes out, without the debug
    model that it builds each time. Quantizing takes 0.1 s for a MobileNetV2.

    Args:
        content: The file.
        model: The Keras model it was made of, None if it is not known.
        settings: How it is to be quantized.
    """

    content: bytes
    model: Any
    settings: Settings

    @cached_property
    def tflite(self) -> TFLiteModel:
        """The file, read."""
        return read_tflite(self.content)

    @cached_property
    def layers(self) -> tuple[LayerOps, ...]:
        """The layers with ops of their own."""
        return layer_ops(self.model, self.tflite)

    @cached_property
    def normalizations(self) -> tuple[LayerOps, ...]:
        """What computes in float in every int8 file, by the names of its layers.

        A variance reaches over many powers of two, of which 256 even steps hold the largest only.
        """
        return tuple(
            LayerOps(self._name_of(ops), (), ops, _written(ops, self.tflite))
            for ops in normalizations(self.tflite)
        )

    @cached_property
    def outliers(self) -> tuple[LayerOps, ...]:
        """What else computes in float, since a normalization reads it and int8 is too coarse."""
        normalized = {op.index for layer in self.normalizations for op in layer.ops}
        found = too_coarse(self.tflite, Ranges(self.content))
        return tuple(
            LayerOps(self._name_of((op,)), (), (op,), _written((op,), self.tflite))
            for op in found
            if op.index not in normalized
        )

    def _name_of(self, ops: tuple[Op, ...]) -> str:
        names = [layer.name for layer in self.layers for op in ops if op in layer.ops]
        return max(names, key=names.count)

    def quantized(self, float_layers: Iterable[LayerOps] = ()) -> bytes:
        """Return the int8 file in which the ops of some layers compute in float.

        Raises:
            PruneError: the converter refuses the model.
        """
        io_dtype = tf.as_dtype(self.settings.io_dtype)
        float_layers = (*float_layers, *self.normalizations, *self.outliers)
        try:
            with quiet():
                return quantize_calibrated(
                    self.content,
                    input_data_type=io_dtype,
                    output_data_type=io_dtype,
                    denylisted_nodes=[name for layer in float_layers for name in layer.outputs],
                    denylisted_ops=list(kinds_left_out(float_layers)),
                )
        except Exception as error:
            raise refused(error, self.settings) from error


def _written(ops: tuple[Op, ...], tflite: TFLiteModel) -> tuple[str, ...]:
    return tuple(tensor.name for op in ops for tensor in tflite.written_by(op))


def calibrate(folder: str, model: Any, settings: Settings) -> Calibrated:
    """Run the SavedModel in `folder` on the samples in the settings, and keep every range.

    Fills of masked scores are bounded: the float file that is kept is for quantizing only.

    Raises:
        PruneError: the converter refuses the model.
    """
    # One sample gives every tensor a range; what it is, all of them tell.
    first = replace(settings, samples=settings.samples[:1])
    content = measured(run(folder, first, calibrate=True), settings.samples)
    return Calibrated(bounded(content), model, settings)
