"""A .tflite graph as XNNPACK sees it: float16 constants unpacked, padding known."""

from __future__ import annotations

from collections import Counter

from tfprune.tflite.model import Op, TFLiteModel
from tfprune.tflite.tensor import Tensor


class GraphView:
    """The main graph without the DEQUANTIZE ops that unpack float16 constants.

    Args:
        model: A file with densely stored weights.
    """

    def __init__(self, model: TFLiteModel) -> None:
        self.tensors = model.tensors
        self.inputs = model.inputs
        self.outputs = model.outputs
        self._unpacked = {
            op.outputs[0]: op.inputs[0]
            for op in model.ops
            if op.name == "DEQUANTIZE"
            and self.tensors[op.inputs[0]].dtype == "float16"
            and self.tensors[op.inputs[0]].is_constant
        }
        self.ops = [op for op in model.ops if op.outputs[0] not in self._unpacked]
        self.uses = Counter(i for op in self.ops for i in op.inputs)

    def constant(self, op: Op, position: int) -> Tensor | None:
        """Return the constant at an input position of `op`, or None if it has none there."""
        if position >= len(op.inputs) or op.inputs[position] < 0:
            return None
        index = op.inputs[position]
        tensor = self.tensors[self._unpacked.get(index, index)]
        return tensor if tensor.is_constant else None

    def shape(self, op: Op, position: int) -> tuple[int, ...]:
        """Return the shape of the input at a position of `op`; () if it has none there."""
        index = op.inputs[position] if position < len(op.inputs) else -1
        return self.tensors[index].shape if index >= 0 else ()

    def begins_cluster(self, op: Op) -> bool:
        """Whether XNNPACK could begin a sparse cluster at `op`, whatever its padding."""
        strides = (op.options.get("strideH"), op.options.get("strideW"))
        return op.name == "CONV_2D" and self.shape(op, 1)[1:] == (3, 3, 3) and 2 in strides

    def symmetric_pad(self, op: Op) -> int | None:
        """Return how wide a PAD op pads height and width on all sides, None if unevenly."""
        amounts = self.constant(op, 1)
        if amounts is None or amounts.shape != (4, 2):
            return None
        rows = amounts.values().tolist()
        width = int(rows[1][0])
        return width if rows == [[0, 0], [width] * 2, [width] * 2, [0, 0]] else None

    def label(self, op: Op) -> str:
        """Return a short name of an op for messages: its kind and what it computes."""
        name = self.tensors[op.outputs[0]].name.split(";")[0]
        return f"{op.name} {name!r}"
