"""Normalizations by statistics of the data: LayerNormalization and its kin, found in a file."""

from __future__ import annotations

from collections.abc import Iterator

from tfprune.tflite.model import Op, TFLiteModel

VARIANCE = (
    "float in every int8 file: its variance reaches over many powers of two, of which 256 even "
    "steps hold the largest only"
)
_AVERAGES = ("MEAN", "SUM")
_SQUARES = ("SQUARED_DIFFERENCE", "SQUARE", "MUL")
_WITH_A_CONSTANT = ("ADD", "MAXIMUM", "MUL")


def normalizations(tflite: TFLiteModel) -> tuple[tuple[Op, ...], ...]:
    """Return the ops of each normalization by 1 / sqrt(variance), from the mean to the last sum.

    Layer, group, instance and RMS normalization come down to this, whoever wrote them; a folded
    BatchNormalization has no such op.

    Args:
        tflite: A float file.
    """
    search = _Search(tflite)
    found = [search.around(op) for op in tflite.ops if op.name == "RSQRT"]
    return tuple(ops for ops in found if ops)


class _Search:
    def __init__(self, tflite: TFLiteModel) -> None:
        self._ops = tflite.ops
        self._found: set[int] = set()
        self._tensors = tflite.tensors
        self._makers = {index: op for op in tflite.ops for index in op.outputs}
        self._readers: dict[int, list[Op]] = {}
        for op in tflite.ops:
            for index in op.inputs:
                self._readers.setdefault(index, []).append(op)

    def around(self, root: Op) -> tuple[Op, ...]:
        """Return a reciprocal root with what makes the variance that it reads and what it scales.

        None of it if it reads no variance.
        """
        before = list(self._before(root))
        if not any(op.name in _AVERAGES for op in before):
            return ()
        self._found = {op.index for op in (root, *before)}
        self._follow(root.outputs[0])
        return tuple(self._ops[index] for index in sorted(self._found))

    def _follow(self, scale: int) -> None:
        """Find the products with a scale, and the sums of these."""
        scales: list[int] = [scale]
        values: list[int] = []
        while scales:
            for op in self._readers.get(scales.pop(), []):
                if op.name == "MUL":
                    self._found.add(op.index)
                    (scales if self._constants(op) else values).append(op.outputs[0])
                    self._add_negated(op)
        while values:
            for op in self._readers.get(values.pop(), []):
                inside = [i for i in op.inputs if self._is_inside(i) or self._is_constant(i)]
                if op.name in ("ADD", "SUB", "MUL") and len(inside) == len(op.inputs):
                    self._found.add(op.index)
                    values.append(op.outputs[0])

    def _before(self, root: Op) -> Iterator[Op]:
        """Yield the ops from a variance's root back to the mean."""
        op = self._maker(root.inputs[0])
        while op is not None and op.name in _WITH_A_CONSTANT and self._constants(op):
            yield op
            op = self._maker(next(i for i in op.inputs if not self._is_constant(i)))
        if op is None or op.name not in _AVERAGES:
            return
        yield op
        squared = self._maker(op.inputs[0])
        if squared is None or squared.name not in _SQUARES:
            return
        yield squared
        for made in (self._maker(index) for index in set(squared.inputs)):
            if made is not None and made.name in (*_AVERAGES, "SUB"):
                yield made
                centre = [self._maker(i) for i in made.inputs] if made.name == "SUB" else []
                yield from (mean for mean in centre if mean is not None and mean.name in _AVERAGES)

    def _add_negated(self, op: Op) -> None:
        for made in (self._maker(index) for index in op.inputs):
            if made is not None and made.name == "NEG" and self._is_inside(made.inputs[0]):
                self._found.add(made.index)

    def _maker(self, index: int) -> Op | None:
        return self._makers.get(index)

    def _is_inside(self, index: int) -> bool:
        op = self._maker(index)
        return op is not None and op.index in self._found

    def _is_constant(self, index: int) -> bool:
        return self._tensors[index].is_constant

    def _constants(self, op: Op) -> list[int]:
        return [index for index in op.inputs if self._is_constant(index)]
