"""Tensors that hold 0 or a number far below every score: where they come from, who reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfprune.export.ranges import Range, Ranges
from tfprune.tflite.model import Op, TFLiteModel

# Keras fills with -1e9, -3e4 or -0.7 of the largest float, BERT with -1e4, Swin with -100.
_HIGHEST_FILL = -64.0
MOVES = ("RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE", "BROADCAST_TO", "SLICE", "STRIDED_SLICE")
_SELECTS = ("SELECT", "SELECT_V2")
# Ops of two fills that give one again.
_JOINS = ("ADD", "MINIMUM", "MAXIMUM")


@dataclass(frozen=True)
class Fill:
    """A tensor that holds 0 or the fill, with what it is made of.

    Args:
        lowest: The fill.
        tensors: Every tensor whose values grow and shrink with it: itself, and the constants and
            results on the way to it.
        ops: The calls on that way.
    """

    lowest: float
    tensors: frozenset[int]
    ops: frozenset[int] = frozenset()

    def __or__(self, other: Fill) -> Fill:
        lowest = min(self.lowest, other.lowest)
        return Fill(lowest, self.tensors | other.tensors, self.ops | other.ops)


class Fills:
    """The fills of a calibrated float file's main graph."""

    def __init__(self, tflite: TFLiteModel, ranges: Ranges) -> None:
        self._tensors, self._ranges = tflite.tensors, ranges
        self._makers = {index: op for op in tflite.ops for index in op.outputs}
        self._readers: dict[int, set[int]] = {index: {-1} for index in tflite.outputs}
        for op in tflite.ops:
            for index in op.inputs:
                self._readers.setdefault(index, set()).add(op.index)

    def maker(self, index: int) -> Op | None:
        """Return the op that writes a tensor."""
        return self._makers.get(index)

    def has_range(self, index: int) -> bool:
        """Whether the range of a tensor is known."""
        return self._ranges.of(index) is not None

    def read_only_by(self, index: int, reader: int) -> bool:
        """Whether one call alone reads a tensor whose range is known."""
        return self._readers.get(index) == {reader} and self.has_range(index)

    def only_read_by(self, fill: Fill, readers: set[int]) -> bool:
        """Whether nobody but these calls reads a fill and what it is made of."""
        return all(self._readers.get(index, set()) <= readers for index in fill.tensors)

    def in_op(self, op: Op) -> tuple[int, Fill] | None:
        """Return which input of an op holds the scores, and the fill that is put into them."""
        if op.name == "ADD":
            places = ((0, 1), (1, 0))
        elif op.name in _SELECTS:
            places = ((1, 2), (2, 1))
        else:
            return None
        for scores, place in places:
            fill = self._fill(op.inputs[place])
            if fill is not None and self._fill(op.inputs[scores]) is None:
                return scores, fill
        return None

    def positive_factor(self, op: Op) -> float | None:
        """Return the number above zero by which an op multiplies its first input."""
        if op.name != "MUL" or not self._is_stored(op.inputs[1]):
            return None
        values = self._tensors[op.inputs[1]].values()
        return float(values.ravel()[0]) if values.size == 1 and values.min() > 0 else None

    def multiply(self, fill: Fill, factor: float) -> None:
        """Multiply the constants of a fill, and the ranges of what is computed from them."""
        for index in fill.tensors:
            if self._is_stored(index):
                values = self._tensors[index].values() * np.float32(factor)
                self._ranges.store(self._tensors[index], values)
            reach = self._ranges.of(index)
            if reach is not None:
                self._ranges.set(index, reach[0] * factor, reach[1] * factor)

    def _range(self, index: int) -> Range | None:
        if self._is_stored(index):
            values = self._tensors[index].values()
            return float(values.min()), float(values.max())
        return self._ranges.of(index)

    def _alike(self, index: int) -> frozenset[int]:
        """Return a tensor with those that share its stored bytes."""
        data = self._tensors[index].data
        if not len(data):
            return frozenset({index})
        place = data.ctypes.data
        return frozenset(t.index for t in self._tensors if t.data.ctypes.data == place)

    def _is_stored(self, index: int) -> bool:
        tensor = self._tensors[index]
        return tensor.is_constant and tensor.dtype == "float32" and tensor.size > 0

    def _fill(self, index: int) -> Fill | None:
        """Return what a tensor is as a fill, None if it is none."""
        reach = self._range(index)
        if reach is None or reach[0] > _HIGHEST_FILL or reach[1] > 1e-3 * abs(reach[0]):
            return None
        lowest, here = reach[0], self._alike(index)
        op = self._makers.get(index)
        if op is None:
            return Fill(lowest, here) if self._is_two_valued(index) else None
        parts = self._parts(op)
        if parts is None:
            return None
        tensors = here.union(*(part.tensors for part in parts))
        ops = frozenset({op.index}).union(*(part.ops for part in parts))
        return Fill(lowest, tensors, ops)

    def _is_two_valued(self, index: int) -> bool:
        """Whether a stored tensor holds nothing between 0 and its fill; an input may."""
        if not self._is_stored(index):
            return self._tensors[index].dtype == "float32"
        values = self._tensors[index].values()
        return bool(np.all((values == 0) | (values <= _HIGHEST_FILL)))

    def _parts(self, op: Op) -> list[Fill] | None:
        """Return the inputs of an op that have to shrink where its output is to."""
        if op.name in MOVES:
            parts = [self._fill(op.inputs[0])]
        elif op.name == "MUL":
            stored = [index for index in op.inputs if self._is_stored(index)]
            large = [i for i in stored if np.abs(self._tensors[i].values()).min() >= -_HIGHEST_FILL]
            parts = [Fill(0.0, self._alike(large[0])) if large else None]
        elif op.name in _SELECTS:
            parts = [self._fill(index) or self._zero(index) for index in op.inputs[1:]]
        elif op.name in _JOINS:
            parts = [self._fill(index) for index in op.inputs]
        else:
            return None
        found = [part for part in parts if part is not None]
        return found if len(found) == len(parts) else None

    def _zero(self, index: int) -> Fill | None:
        stored = self._is_stored(index) and not self._tensors[index].values().any()
        return Fill(0.0, frozenset()) if stored else None
