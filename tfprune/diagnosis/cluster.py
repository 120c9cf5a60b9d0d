"""Walk a graph along XNNPACK's rules for one sparse cluster and stop at the first broken one."""

from __future__ import annotations

from typing import Any

from tfprune.diagnosis.graph_view import GraphView
from tfprune.runtimes import AFTER_EXIT, INPUT_MULTIPLE, SPARSE_ZEROS, UNARY_INSIDE
from tfprune.tflite.model import Op
from tfprune.tflite.tensor import Tensor

_SAME = 0
_FUSED = (0, 1, 2, 3)  # none, relu, relu_n1_to_1, relu6: a clamp, in any layout


class BrokenRule(Exception):
    """A rule of `tfprune.runtimes.SPARSE_RULES` does not hold.

    Args:
        rule: The rule's name.
        found: What the graph has instead.
    """

    def __init__(self, rule: str, found: str) -> None:
        super().__init__(found)
        self.rule = rule


class Cluster:
    """The one sparse cluster of a graph, from the stem to the pooling.

    Args:
        graph: The graph to walk.

    Raises:
        BrokenRule: the graph is not one known-right cluster.
    """

    def __init__(self, graph: GraphView) -> None:
        self.graph = graph
        self.maps: set[int] = set()  # feature maps: values that change to channels-first
        self.pads: dict[int, int] = {}  # the output of a PAD op and its width on each side
        self.after: set[int] = set()  # values behind the pooling
        self.kernels: list[Tensor] = []  # weights of the 1x1 convolutions
        self._check_input()
        for op in graph.ops:
            self._walk(op)
        self._check_ends()

    def zeros(self) -> tuple[int, int]:
        """Return how many weights of the 1x1 convolutions are zero, and how many there are."""
        return sum(k.zeros() for k in self.kernels), sum(k.size for k in self.kernels)

    def check_zeros(self) -> None:
        """Raise BrokenRule unless more than 2/3 of the 1x1 weights are zero."""
        zeros, size = self.zeros()
        top, bottom = SPARSE_ZEROS
        if zeros * bottom <= size * top:
            share = 100 * zeros / max(size, 1)
            raise BrokenRule(
                "zeros", f"{share:.1f} % of {size} weights in {len(self.kernels)} convolutions"
            )

    def _walk(self, op: Op) -> None:
        if op.inputs[0] in self.after:
            self._check_after(op)
            self.after.add(op.outputs[0])
        elif op.name == "PAD":
            self.pads[op.outputs[0]] = self._check_pad(op)
        elif self.graph.begins_cluster(op):
            self._check_entry(op)
            self.maps.add(op.outputs[0])
        elif op.name == "MEAN":
            self._check_exit(op)
            self.after.add(op.outputs[0])
        else:
            self._check_inside(op)
            self.maps.add(op.outputs[0])

    def _check_input(self) -> None:
        if len(self.graph.inputs) != 1:
            raise BrokenRule("graph", f"{len(self.graph.inputs)} inputs")
        image = self.graph.tensors[self.graph.inputs[0]]
        if len(image.shape) != 4 or image.shape[0] != 1 or image.dynamic:
            raise BrokenRule("graph", f"an input of shape {image.shape}")
        if any(n % INPUT_MULTIPLE for n in image.shape[1:3]):
            raise BrokenRule("input", f"the input is {image.shape[1]}x{image.shape[2]}")

    def _check_pad(self, op: Op) -> int:
        width = self.graph.symmetric_pad(op)
        if op.inputs[0] not in (*self.maps, *self.graph.inputs) or not width:
            raise BrokenRule("inside", f"{self.graph.label(op)} pads unevenly")
        if self.graph.uses[op.outputs[0]] != 1:
            # XNNPACK fuses a PAD only into its single reader.
            raise BrokenRule("inside", f"{self.graph.label(op)} is read more than once")
        return width

    def _check_entry(self, op: Op) -> None:
        options = op.options
        if self.maps:
            raise BrokenRule("entry", f"a second stem, {self.graph.label(op)}")
        if (options["strideH"], options["strideW"]) != (2, 2) or not _plain(options):
            raise BrokenRule("entry", f"{self.graph.label(op)} has other strides or a dilation")
        if options["padding"] == _SAME or self.pads.get(op.inputs[0]) != 1:
            raise BrokenRule("entry", f"{self.graph.label(op)} is not padded by 1 on every side")
        self._check_weights(op)

    def _check_inside(self, op: Op) -> None:
        if op.name in ("ADD", "MUL"):
            known = all(i in self.maps for i in op.inputs)
            same = self.graph.shape(op, 0) == self.graph.shape(op, 1)
            right = known and same and op.options["fusedActivationFunction"] in _FUSED
        elif op.name == "CONV_2D":
            right = self._is_pointwise(op)
        elif op.name == "DEPTHWISE_CONV_2D":
            right = self._is_depthwise(op)
        else:
            right = op.name in UNARY_INSIDE and op.inputs[0] in self.maps
        if not right:
            raise BrokenRule("inside", f"{self.graph.label(op)} can't stand there")

    def _is_pointwise(self, op: Op) -> bool:
        self._check_weights(op)
        shape = self.graph.shape(op, 1)
        stride = (op.options["strideH"], op.options["strideW"])
        right = (
            op.inputs[0] in self.maps
            and shape[1:] == (1, 1, self.graph.shape(op, 0)[3])
            and stride == (1, 1)
            and _plain(op.options)
        )
        kernel = self.graph.constant(op, 1)
        if right and kernel is not None:
            self.kernels.append(kernel)
        return right

    def _is_depthwise(self, op: Op) -> bool:
        self._check_weights(op)
        _, height, width, channels = self.graph.shape(op, 1)
        stride = (op.options["strideH"], op.options["strideW"])
        padded = self.pads.get(op.inputs[0])
        if op.options["padding"] == _SAME:
            centred = op.inputs[0] in self.maps and stride == (1, 1)
        else:
            centred = padded == height // 2 and stride in ((1, 1), (2, 2))
        return (
            centred
            and height == width
            and height in (3, 5)
            and channels == self.graph.shape(op, 0)[3]
            and _plain(op.options)
        )

    def _check_weights(self, op: Op) -> None:
        computed = self.graph.constant(op, 1) is None
        if computed or (len(op.inputs) > 2 and self.graph.constant(op, 2) is None):
            raise BrokenRule("inside", f"{self.graph.label(op)} has computed or missing weights")

    def _check_exit(self, op: Op) -> None:
        axes = self.graph.constant(op, 1)
        where = sorted(axes.values().reshape(-1).tolist()) if axes is not None else []
        right = op.inputs[0] in self.maps and where == [1, 2] and not op.options["keepDims"]
        if not right or self.after:
            raise BrokenRule("exit", f"{self.graph.label(op)} is no such end")

    def _check_after(self, op: Op) -> None:
        if op.name not in AFTER_EXIT or any(i in self.maps for i in op.inputs):
            raise BrokenRule("exit", f"{self.graph.label(op)} follows the pooling")

    def _check_ends(self) -> None:
        if not self.after:
            raise BrokenRule("exit", "there is no such pooling")
        dead = [i for i in (*self.maps, *self.pads) if not self.graph.uses[i]]
        if dead or any(i not in self.after for i in self.graph.outputs):
            raise BrokenRule("exit", "a feature map is an output of the model")


def _plain(options: dict[str, Any]) -> bool:
    """Whether a convolution is undilated and ends in a clamp at most."""
    dilation = (options["dilationHFactor"], options["dilationWFactor"])
    return dilation == (1, 1) and options["fusedActivationFunction"] in _FUSED
