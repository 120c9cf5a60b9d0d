"""Which calls of a model may run sparse: those from a first convolution to a pooling."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfprune.graph import Calls
from tfprune.keras_facts import op_name


class SparsePart:
    """The calls between the convolutions that can begin a sparse part and the poolings after them.

    Args:
        calls: The calls of the model.

    Attributes:
        entries: Calls of 3x3 convolutions of stride 2 on 3 channels, however they are padded.
        exits: Calls of global average poolings of feature maps.
    """

    def __init__(self, calls: Calls) -> None:
        self.entries = [node for node in calls.nodes if is_entry(node)]
        self.exits = [node for node in calls.nodes if is_pooling(node.operation)]
        self._after = calls.after(self.entries)
        self._inside = self._after & calls.before(self.exits)

    def __contains__(self, node: Any) -> bool:
        return id(node) in self._inside

    def follows(self, node: Any) -> bool:
        """Whether the call needs what a first convolution makes."""
        return id(node) in self._after


def is_entry(node: Any, channels: int = 3) -> bool:
    """Whether a call could begin a sparse part if it is padded by 1 on all sides.

    Args:
        node: Any call.
        channels: How many channels it reads; sparse kernels want 3.
    """
    layer = node.operation
    return (
        type(layer) is layers.Conv2D
        and tuple(layer.kernel.shape[:3]) == (3, 3, channels)
        and layer.strides == (2, 2)
        and (layer.groups, layer.dilation_rate) == (1, (1, 1))
        and layer.data_format == "channels_last"
    )


def is_pooling(operation: Any) -> bool:
    """Whether an operation takes the mean over height and width."""
    if type(operation) is layers.GlobalAveragePooling2D:
        return operation.data_format == "channels_last"
    if op_name(operation) != "Mean":
        return False
    axes = operation.axis if isinstance(operation.axis, (tuple, list)) else (operation.axis,)
    return sorted(axes, key=str) in ([1, 2], [-2, -3])


def padding_of(calls: Calls, node: Any) -> Any:
    """Return the call of ZeroPadding2D that makes what a call reads, None if there is none."""
    maker = calls.maker(node.input_tensors[0])
    padded = maker is not None and type(maker.operation) is layers.ZeroPadding2D
    return maker if padded else None
