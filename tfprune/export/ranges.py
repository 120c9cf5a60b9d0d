"""The range of every tensor of a calibrated file: measured here, read and written in place."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfprune.export.calibration import Sample
from tfprune.export.quiet import quiet
from tfprune.progress import track
from tfprune.tflite.reading import schema
from tfprune.tflite.tensor import Tensor

_PLAIN = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
Range = tuple[float, float]
# A range of nothing makes scales that XNNPACK refuses, and any other holds zeros as well.
_OF_ZEROS = 1.0


class Ranges:
    """The ranges in a float file's main graph, as the quantizer will read them.

    Args:
        content: A file that TensorFlow's calibrator has given ranges; it is copied.
    """

    def __init__(self, content: bytes) -> None:
        self._given, self._content = content, bytearray(content)
        graph = schema.Model.GetRootAs(self._content, 0).Subgraphs(0)
        tables = [graph.Tensors(index).Quantization() for index in range(graph.TensorsLength())]
        # Views into the file's bytes, of one number each.
        self._lows: dict[int, NDArray[Any]] = {}
        self._highs: dict[int, NDArray[Any]] = {}
        for index, table in enumerate(tables):
            if table is not None and table.MinLength() == table.MaxLength() == 1:
                self._lows[index], self._highs[index] = table.MinAsNumpy(), table.MaxAsNumpy()

    @property
    def content(self) -> bytes:
        """The file with its ranges as they are now."""
        return bytes(self._content)

    @property
    def indices(self) -> list[int]:
        """The tensors that have a range."""
        return list(self._lows)

    def of(self, index: int) -> Range | None:
        """Return the range of a tensor, None if it has none."""
        if index not in self._lows:
            return None
        return float(self._lows[index][0]), float(self._highs[index][0])

    def set(self, index: int, low: float, high: float) -> None:
        """Give a tensor that has a range another one."""
        self._lows[index][0], self._highs[index][0] = low, high

    def store(self, tensor: Tensor, values: NDArray[Any]) -> None:
        """Overwrite the float32 values of a constant tensor of the given file."""
        start = np.frombuffer(self._given, np.uint8).ctypes.data
        place = tensor.data.ctypes.data - start
        stored = values.astype("<f4").tobytes()
        self._content[place : place + len(stored)] = stored


def measured(content: bytes, samples: tuple[Sample, ...]) -> bytes:
    """Return a calibrated file with the ranges that its tensors have on some samples.

    TensorFlow 2.21 calibrates in memory that ops share: what an addition writes over its first
    input counts as values of that input, too, so that a score before a mask of -1e9 is said to
    reach -1e9 itself. Here every tensor keeps memory of its own.

    Args:
        content: A float file with a range for each tensor that needs one.
        samples: Inputs by name, one batch each.
    """
    ranges = Ranges(content)
    with quiet():  # it says of itself that another one is to be used, which knows no Flex ops
        interpreter = tf.lite.Interpreter(
            model_content=content,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=_PLAIN,
        )
    run = interpreter.get_signature_runner()
    found: dict[int, Range] = {}
    for sample in track(samples, "calibrating", total=len(samples)):
        run(**sample)
        for index in ranges.indices:
            values = interpreter.get_tensor(index)
            if not values.size:
                continue
            low, high = found.get(index, (np.inf, -np.inf))
            found[index] = min(low, float(values.min())), max(high, float(values.max()))
    for index, (low, high) in found.items():
        if low == high == 0.0:  # e.g. of a relu that lets nothing through
            high = _OF_ZEROS
        if np.isfinite(low) and np.isfinite(high):
            ranges.set(index, low, high)
    return ranges.content
