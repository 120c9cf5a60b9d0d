"""A .tflite graph as XNNPACK sees it: constants unpacked at load time, readers counted."""

from __future__ import annotations

from collections import Counter

from tfprune.tflite.model import Op, Subgraph
from tfprune.tflite.tensor import Tensor

_UNPACKED = ("float16", "float32", "int8")  # what the delegate unpacks from a sparse tensor


class GraphView:
    """One graph without the ops that only unpack a constant.

    DENSIFY turns a sparse constant into a dense one, DEQUANTIZE a float16 or int8 constant into
    float32; the delegate does both once, when it loads the file (LiteRT
    tflite/delegates/xnnpack/xnnpack_delegate.cc, Delegate::PrepareOpsToDelegate).

    Args:
        graph: A graph of a file.
    """

    def __init__(self, graph: Subgraph) -> None:
        self.tensors = graph.tensors
        self.inputs = graph.inputs
        self.outputs = graph.outputs
        self.sparse: set[int] = set()  # unpacked constants that are stored sparse
        self.unpacking: dict[int, Op] = {}  # by output
        for op in graph.ops:
            if self._unpacks(op):
                self.unpacking[op.outputs[0]] = op
        self.every = graph.ops
        self.ops = tuple(op for op in graph.ops if not self.unpacks(op))
        self.writers = {i for op in graph.ops for i in op.outputs}
        self.readers = Counter(i for op in self.ops for i in set(op.inputs))

    def _unpacks(self, op: Op) -> bool:
        if len(op.inputs) != 1 or len(op.outputs) != 1 or op.inputs[0] < 0:
            return False
        source, target = self.tensors[op.inputs[0]], self.tensors[op.outputs[0]]
        if op.name == "DENSIFY" and source.is_constant and source.sparse:
            self.sparse.add(target.index)
            return source.dtype in _UNPACKED and target.dtype == source.dtype
        if op.name != "DEQUANTIZE" or source.dtype not in ("float16", "int8"):
            return False
        if source.index in self.sparse:
            self.sparse.add(target.index)
        constant = source.is_constant and not source.sparse
        return (constant or source.index in self.unpacking) and target.dtype == "float32"

    def unpacks(self, op: Op) -> bool:
        """Whether an op only unpacks a constant."""
        return self.unpacking.get(_first(op)) is op

    def constant(self, index: int) -> Tensor | None:
        """Return the stored constant that a tensor is, or is unpacked from; None if computed."""
        while index in self.unpacking:
            index = self.unpacking[index].inputs[0]
        tensor = self.tensors[index] if index >= 0 else None
        return tensor if tensor is not None and tensor.is_constant else None

    def values(self, op: Op, position: int) -> list[int] | None:
        """Return the integers of a constant input (axes, paddings), flat; None if it has none."""
        tensor = self.constant(op.inputs[position]) if position < len(op.inputs) else None
        if tensor is None or not tensor.dtype.startswith("int"):
            return None
        return [int(n) for n in tensor.values().reshape(-1)]

    def computed(self, op: Op) -> list[int]:
        """Return the inputs of `op` that are no constants, in order."""
        return [i for i in op.inputs if i >= 0 and self.constant(i) is None]

    def shape(self, index: int) -> tuple[int, ...]:
        """Return a tensor's shape; () if there is none."""
        return self.tensors[index].shape if index >= 0 else ()

    def label(self, op: Op) -> str:
        """Return a short name of an op for messages: its kind and what it computes."""
        return f"{op.name} {self.tensor_label(_first(op))!r}"

    def tensor_label(self, index: int) -> str:
        """Return the first of the names that a fused op joins."""
        return self.tensors[index].name.split(";")[0] if index >= 0 else ""


def _first(op: Op) -> int:
    return op.outputs[0] if op.outputs else -1
