"""A float file with the weights of one layer rounded as int8 rounds them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tfprune.linking.layer_ops import LayerOps, ops_of
from tfprune.linking.matching import real_values
from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.tensor import Tensor


def with_rounded_weights(layer: LayerOps, float_file: TFLiteModel, alone: TFLiteModel) -> bytes:
    """Return the float file with the constants of a layer as a quantized file has them.

    Args:
        layer: The layer, with its ops in the float file.
        float_file: The float file.
        alone: The file in which this layer is quantized.
    """
    content = bytearray(float_file.content)
    start = np.frombuffer(float_file.content, np.uint8).ctypes.data
    for tensor, values in _rounded(layer, float_file, alone):
        place = tensor.data.ctypes.data - start
        stored = values.astype("<f4").tobytes()
        content[place : place + len(stored)] = stored
    return bytes(content)


def _rounded(
    layer: LayerOps, float_file: TFLiteModel, alone: TFLiteModel
) -> Iterator[tuple[Tensor, NDArray[np.float32]]]:
    """Yield the constants of the float file that are quantized in the other, with their values."""
    for op in layer.ops:
        twin = _twin(op, float_file, alone)
        read = () if twin is None else alone.read_by(twin)
        for before, after in zip(float_file.read_by(op), read, strict=False):
            if before is None or after is None:
                continue
            both = before.is_constant and after.is_constant and before.shape == after.shape
            if both and before.dtype == "float32" and after.quantized:
                yield before, real_values(after)


def _twin(op: Op, float_file: TFLiteModel, alone: TFLiteModel) -> Op | None:
    """Return the op of another file that makes the same of the same layer."""
    names = tuple(tensor.name for tensor in float_file.written_by(op))
    twins = ops_of(LayerOps("", (), (op,), names), alone)
    return next((twin for twin in twins if twin.name == op.name), None)
