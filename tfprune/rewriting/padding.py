"""Padding at stride 2: the same on all sides, as sparse kernels want it."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfprune.notes import Note
from tfprune.rewriting.editing import SHIFTS, Change, Edits, Make, New
from tfprune.rewriting.sparse_part import padding_of

Pads = tuple[tuple[int, int], tuple[int, int]]


def pad_evenly(edits: Edits) -> None:
    """Pad every convolution of stride 2 that can run sparse by half its kernel, on all sides.

    That moves what the layer sees up and left by a pixel of its input: Keras' 'same' and the
    `ZeroPadding2D(((0, 1), (0, 1)))` of keras.applications pad an even map below and right only.
    """
    for node in edits.calls.nodes:
        reach = _reach(node.operation) if node in edits.part else None
        if reach is None:
            continue
        source, pads, words = _padding(edits, node)
        wanted = ((reach, reach), (reach, reach))
        if pads == wanted:
            continue
        if not _keeps_size(source, node, reach):
            what = f"is padded by {words}; padding by {reach} would change the size of its output"
            edits.notes.append(Note(node.operation.name, what))
            continue
        edits.instead(node, _padded(edits, node, source, reach))
        what = f"{words} becomes ZeroPadding2D({reach}) and padding='valid'"
        edits.changes.append(Change(node.operation.name, what, SHIFTS))


def _reach(layer: Any) -> int | None:
    """Return how far the kernel of a strided layer reaches that sparse kernels exist for."""
    if type(layer) is layers.DepthwiseConv2D:
        fits = layer.depth_multiplier == 1 and layer.kernel_size in ((3, 3), (5, 5))
    elif type(layer) is layers.Conv2D:
        fits = layer.groups == 1 and tuple(layer.kernel.shape[:3]) == (3, 3, 3)
    else:
        return None
    plain = layer.dilation_rate == (1, 1) and layer.data_format == "channels_last"
    return layer.kernel_size[0] // 2 if fits and plain and layer.strides == (2, 2) else None


def _padding(edits: Edits, node: Any) -> tuple[Any, Pads, str]:
    """Return what a convolution reads before padding, the padding, and what it is in words."""
    tensor = node.input_tensors[0]
    if node.operation.padding == "same":
        reach = node.operation.kernel_size[0] // 2
        rows, columns = (_same(size, reach) for size in tensor.shape[1:3])
        return tensor, (rows, columns), "padding='same'"
    if (before := padding_of(edits.calls, node)) is not None:
        pads = before.operation.padding
        return before.input_tensors[0], pads, f"ZeroPadding2D({pads})"
    return tensor, ((0, 0), (0, 0)), "no padding"


def _same(size: int | None, reach: int) -> tuple[int, int]:
    """Return what 'same' adds on both ends at stride 2; an odd size is padded evenly."""
    uneven = size is None or size % 2 == 0
    return (reach - 1, reach) if uneven else (reach, reach)


def _keeps_size(source: Any, node: Any, reach: int) -> bool:
    sizes = zip(source.shape[1:3], node.outputs[0].shape[1:3], strict=True)
    return all(old is None or (old - 1) // 2 + 1 == new for old, new in sizes)


def _padded(edits: Edits, node: Any, source: Any, reach: int) -> Make:
    layer, before = node.operation, padding_of(edits.calls, node)
    gone = before is not None and edits.calls.read_once(node.input_tensors[0])
    name = before.operation.name if gone else edits.name(f"{layer.name}_pad")

    def make(new: New) -> Any:
        pad = layers.ZeroPadding2D(reach, name=name)
        return edits.copy(layer, padding="valid")(pad(new(source)))

    return make
