"""Which kernels a Keras layer multiplies with, and at how many positions each is applied.

The multiply-accumulates of a kernel are its size times its positions. That holds for every layer
here, so they are proportional to each of the kernel's axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from tfprune.counts.calls import CountedCall
from tfprune.counts.shapes import einsum_sizes, product, spatial
from tfprune.keras_facts import part_of_keras

# A kernel variable and the positions it is applied at; or None and the MACs of a product of two
# tensors.
Use = tuple[Any, int]

_CELLS = (layers.SimpleRNNCell, layers.LSTMCell, layers.GRUCell)


def _convolution(call: CountedCall) -> list[Use]:
    layer = call.operation
    return [(layer.kernel, spatial(call.outputs[0].shape, layer.data_format))]


def _transposed(call: CountedCall) -> list[Use]:
    layer = call.operation
    return [(layer.kernel, spatial(call.inputs[0].shape, layer.data_format))]


def _separable(call: CountedCall) -> list[Use]:
    layer = call.operation
    positions = spatial(call.outputs[0].shape, layer.data_format)
    return [(layer.depthwise_kernel, positions), (layer.pointwise_kernel, positions)]


def _dense(call: CountedCall) -> list[Use]:
    return [(call.operation.kernel, product(call.outputs[0].shape[:-1]))]


def _einsum(call: CountedCall) -> list[Use]:
    kernel = call.operation.kernel
    sizes = einsum_sizes(call.operation.equation, [call.inputs[0].shape, kernel.shape])
    return [(kernel, product(sizes.values()) // max(math.prod(kernel.shape), 1))]


def _embedding(call: CountedCall) -> list[Use]:
    """A lookup multiplies nothing; a ReversibleEmbedding in reverse is a matrix product."""
    layer = call.operation
    if not (call.kwargs.get("reverse") or True in call.args[1:]):
        return [(layer.embeddings, 0)]
    kernel = getattr(layer, "reverse_embeddings", layer.embeddings)
    return [(kernel, product(call.inputs[0].shape[:-1]))]


def _recurrent(call: CountedCall) -> list[Use]:
    steps = product(call.inputs[0].shape[:2])
    cells = rnn_cells(call.operation)
    return [(k, steps) for cell in cells for k in (cell.kernel, cell.recurrent_kernel)]


def _recurrent_convolution(call: CountedCall) -> list[Use]:
    layer, shape = call.operation, call.outputs[0].shape
    frame = (shape[0], *shape[2:]) if layer.return_sequences else shape
    steps = product(call.inputs[0].shape[1:2])
    positions = steps * spatial(frame, layer.data_format)
    return [(layer.cell.kernel, positions), (layer.cell.recurrent_kernel, positions)]


def _additive_attention(call: CountedCall) -> list[Use]:
    """Scores are `sum(scale * tanh(query + key))`; then they are multiplied with the values."""
    query, value = (tensor.shape for tensor in call.inputs[:2])
    pairs = product(query[:-1]) * product(value[1:-1])
    scale = [(call.operation.scale, pairs)] if call.operation.use_scale else []
    return [*scale, (None, pairs * product(value[-1:]))]


def _nothing(call: CountedCall) -> list[Use]:
    return []


_RULES: list[tuple[Any, Callable[[CountedCall], list[Use]]]] = [
    ((layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose), _transposed),
    ((layers.SeparableConv1D, layers.SeparableConv2D), _separable),
    ((layers.DepthwiseConv1D, layers.DepthwiseConv2D), _convolution),
    ((layers.Conv1D, layers.Conv2D, layers.Conv3D), _convolution),
    (layers.Dense, _dense),
    (layers.EinsumDense, _einsum),
    (layers.Embedding, _embedding),
    ((layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D), _recurrent_convolution),
    (layers.AdditiveAttention, _additive_attention),
    (_CELLS, lambda call: [(call.operation.kernel, 1), (call.operation.recurrent_kernel, 1)]),
]

# Keras' own layers in these parts multiply and accumulate nothing that is counted; `Dot` does.
_FREE = (
    "activations.",
    "core.identity.",
    "core.masking.",
    "merging.",
    "normalization.batch_normalization.",
    "normalization.group_normalization.",
    "normalization.layer_normalization.",
    "normalization.rms_normalization.",
    "normalization.unit_normalization.",
    "pooling.",
    "preprocessing.category_encoding.",
    "preprocessing.discretization.",
    "preprocessing.hashed_crossing.",
    "preprocessing.hashing.",
    "preprocessing.image_preprocessing.",
    "preprocessing.integer_lookup.",
    "preprocessing.normalization.",
    "preprocessing.rescaling.",
    "preprocessing.string_lookup.",
    "preprocessing.text_vectorization.",
    "regularization.",
    "reshaping.",
)


def kernel_uses(call: CountedCall) -> list[Use] | None:
    """Return the kernels that a call of a layer multiplies with.

    Returns:
        One pair for each kernel: the variable, and how often all of it is applied to one sample;
        None and its MACs for a product without a kernel. None in place of the list if the layer
        is not known here: look into it instead.

    Raises:
        OpenSize: the positions depend on a size that is open.
    """
    rule = _rule_of(call.operation)
    return None if rule is None else rule(call)


def rnn_cells(layer: Any) -> Sequence[Any]:
    """Return the cells of an RNN layer, of stacked cells each one."""
    stacked = isinstance(layer.cell, layers.StackedRNNCells)
    return layer.cell.cells if stacked else [layer.cell]


def _rule_of(layer: Any) -> Callable[[CountedCall], list[Use]] | None:
    for kinds, rule in _RULES:
        if isinstance(layer, kinds):
            return rule
    if isinstance(layer, layers.RNN):
        return _recurrent if all(isinstance(c, _CELLS) for c in rnn_cells(layer)) else None
    free = f"{part_of_keras(layer)}.".startswith(_FREE) and not isinstance(layer, layers.Dot)
    return _nothing if free else None


def unknown_cell(layer: Any) -> bool:
    """Whether this is an RNN layer with a cell that Keras does not ship."""
    return isinstance(layer, keras.layers.RNN) and _rule_of(layer) is None
