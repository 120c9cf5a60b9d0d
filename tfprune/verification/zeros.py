"""Count zeros before and after conversion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from keras import ops

from tfprune.keras_facts import is_tf_keras, kernels_of
from tfprune.layer_names import layers_in
from tfprune.linking.link import KernelLink
from tfprune.linking.tf_keras_models import kernels_of_tf_keras
from tfprune.notes import Note
from tfprune.tflite.model import Subgraph, TFLiteModel
from tfprune.tflite.tensor import Tensor
from tfprune.verification.result import KernelCheck

_PASS_ON = ("DEQUANTIZE", "DENSIFY", "TRANSPOSE", "RESHAPE")


def check_zeros(
    model: Any, links: Iterable[KernelLink], tflite: TFLiteModel
) -> tuple[tuple[KernelCheck, ...], tuple[Note, ...]]:
    """Compare the zeros of every kernel with those of its tensors.

    A kernel that lies whole in one tensor is compared place by place; one that the converter cut
    into parts (the gates of an LSTM) by the sum of its zeros. Links go by values, so a kernel
    that lost its zeros has none: it is looked for by its layer's name and its size, and compared
    by count.

    Args:
        model: The Keras model.
        links: From `link_kernels`.
        tflite: The file.

    Returns:
        A check for each kernel that was found, a note for each one with zeros that was not.
    """
    parts: dict[str, list[KernelLink]] = {}
    for link in links:
        parts.setdefault(link.kernel, []).append(link)
    checks, notes = [], []
    for name, values in _kernels(model):
        group = parts.get(name, [])
        check = _linked(values, group, tflite) if group else _named(name, values, tflite)
        if check is not None:
            checks.append(check)
        elif not values.all():
            notes.append(Note(name, "its zeros were not compared: no tensor bears its name"))
    return tuple(checks), tuple(notes)


def _kernels(model: Any) -> Iterator[tuple[str, np.ndarray]]:
    if is_tf_keras(model):
        for name, values, _ in kernels_of_tf_keras(model):
            yield name, values
        return
    for kernel in kernels_of(model):
        yield kernel.name, np.asarray(ops.convert_to_numpy(kernel.variable))


def _linked(kernel: np.ndarray, group: list[KernelLink], tflite: TFLiteModel) -> KernelCheck:
    link = group[0]
    if link.axes is None:
        names = ";".join(part.tensor for part in group)
        return _by_count(link.kernel, names, kernel, sum(part.zeros for part in group))
    before = np.transpose(kernel, link.axes).reshape(link.tflite_shape) == 0
    after = is_zero(tflite.subgraphs[link.graph].tensors[link.tensor_index])
    return KernelCheck(
        kernel=link.kernel,
        tensor=link.tensor,
        zeros_before=int(before.sum()),
        zeros_after=int(after.sum()),
        size=kernel.size,
        lost=int((before & ~after).sum()),
    )


def _named(name: str, kernel: np.ndarray, tflite: TFLiteModel) -> KernelCheck | None:
    """Look for a kernel without a link: the constant of its size that its layer's ops read."""
    layer = {name.split("/")[-2]} if "/" in name else {name}
    found = [
        tensor
        for graph in tflite.subgraphs
        for tensor in graph.tensors
        if tensor.is_constant
        and tensor.size == kernel.size
        and layers_in(";".join(_names(tensor, graph)), layer)
    ]
    if not found:
        return None
    best = max(found, key=lambda tensor: tensor.zeros())
    return _by_count(name, best.name, kernel, best.zeros())


def _names(tensor: Tensor, graph: Subgraph) -> list[str]:
    """Return the names of a constant and of what is computed from it."""
    names = [tensor.name]
    for op in graph.ops:
        if tensor.index in op.inputs:
            outputs = [graph.tensors[index] for index in op.outputs]
            passed_on = op.name in _PASS_ON
            names += [n for o in outputs for n in (_names(o, graph) if passed_on else [o.name])]
    return names


def _by_count(name: str, tensor: str, kernel: np.ndarray, zeros: int) -> KernelCheck:
    return KernelCheck(
        kernel=name,
        tensor=tensor,
        zeros_before=int((kernel == 0).sum()),
        zeros_after=zeros,
        size=kernel.size,
        lost=None,
    )


def is_zero(tensor: Tensor) -> np.ndarray:
    """Return where the real values of a constant tensor are zero."""
    values = tensor.values()
    if not any(tensor.zero_points):
        return np.asarray(values == 0)
    shape = [1] * values.ndim
    if len(tensor.zero_points) > 1:
        shape[tensor.axis] = len(tensor.zero_points)
    return np.asarray(values == np.reshape(tensor.zero_points, shape))
