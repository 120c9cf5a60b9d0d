"""Count the output channels of a network's kernels as docs/strangers.md does."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import keras

from proofs.coverage_measure import OUTPUT, count_of_kernels
from tfprune.channels import trace
from tfprune.graph import Calls, nets
from tfprune.keras_facts import kernels_of, op_name

_PRODUCTS = ("Matmul", "Einsum", "Dot", "Tensordot", "Conv", "DepthwiseConv")
_MOVES = ("Reshape", "Transpose", "GetItem", "Squeeze", "ExpandDims", "Swapaxes", "BroadcastTo")


def channels_of(model: Any) -> tuple[int, int, int, list[str]]:
    """Return how many output channels there are, may be pruned, are outputs, and why some stay.

    Kernels of one channel are not counted, as no kernel may lose its last; nor are weights of a
    layer's own that multiply no matrix: gains, shifts, tables of positions, shares.
    """
    structure = trace(model)
    beside = {id(v) for _, net in nets(structure.model) for v in _beside(Calls(net))}
    kernels = [
        kernel
        for kernel in kernels_of(structure.model)
        if prod(kernel.shape[axis] for axis in kernel.out_axes) > 1
        and id(kernel.variable) not in beside
    ]
    counts = count_of_kernels(kernels, structure.groups)
    counted = {id(kernel.variable) for kernel in kernels}
    reasons = {
        group.kept_whole
        for group in structure.groups
        if any(id(member.variable) in counted for member in group.members)
    }
    notes = [f"{note.subject}: {note.reason}" for note in structure.notes]
    return (*counts, notes[:8] or sorted(reasons - {None, OUTPUT})[:4])


def _beside(calls: Calls) -> Iterator[Any]:
    """Yield the weights of layers' own, which are tables looked up whole, that are no kernels."""
    for node in calls.nodes:
        if isinstance(node.operation, keras.layers.Embedding):
            [ids] = node.input_tensors
            own = not ids.shape or ids.shape[0] is not None
            if own and not _is_multiplied(calls, node.outputs[0]):
                yield node.operation.embeddings


def _is_multiplied(calls: Calls, tensor: Any) -> bool:
    """Whether a product of matrices or a convolution reads a tensor, or what it is moved to."""
    readers = calls.readers(tensor)
    if any(op_name(node.operation) in _PRODUCTS for node in readers):
        return True
    moved = [node.outputs[0] for node in readers if op_name(node.operation) in _MOVES]
    return any(_is_multiplied(calls, each) for each in moved)
