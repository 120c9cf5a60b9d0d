"""Which TFLite tensor did each Keras kernel become? By layer name, verified by values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfprune.linking.link import KernelLink
from tfprune.linking.matching import (
    Axes,
    Match,
    Values,
    is_decided_by_values,
    match,
    real_values,
)
from tfprune.notes import Note
from tfprune.tflite.model import Subgraph, TFLiteModel
from tfprune.tflite.tensor import Tensor

_NOT_FOUND = (
    "no constant in the .tflite file has its zeros and values: the converter folded it into "
    "another weight or removed its layer"
)
_SPLIT = "the fused LSTM op stores its four gates as four tensors, each linked on its own"
_UNKNOWN_MODEL = "a SavedModel keeps no Keras layers, so its kernels have no names to link"
_PASS_ON = ("DENSIFY", "DEQUANTIZE", "QUANTIZE", "TRANSPOSE", "RESHAPE")


@dataclass(frozen=True)
class _Source:
    """A kernel to look for."""

    name: str
    values: Values
    out_axes: Axes

    @property
    def layers(self) -> list[str]:
        return self.name.split("/")[:-1]


@dataclass(frozen=True)
class _Constant:
    """A constant of the file with every name that points at its layer."""

    graph: int
    tensor: Tensor
    scopes: frozenset[str]

    def named(self, layers: list[str]) -> int:
        """Return how many of the layers' names occur, 0 if the innermost one does not."""
        found = [any(_is_scope(part, layer) for part in self.scopes) for layer in layers]
        return sum(found) if found and found[-1] else 0


def link_kernels(
    model: Any, tflite: TFLiteModel
) -> tuple[tuple[KernelLink, ...], tuple[Note, ...]]:
    """Find the TFLite tensor of each kernel of a Keras model.

    The converter renames, transposes, reshapes and scales kernels (BatchNormalization is folded
    into them). A link is made where a tensor has the kernel's zeros, and its values up to one
    scale per output channel; layer names decide between tensors that both would fit.

    Args:
        model: The Keras or tf_keras model that was converted; None if there is none.
        tflite: The converted file.

    Returns:
        The links in the order of the kernels, and a note for each kernel that has none.
    """
    if model is None:
        return (), (Note("model", _UNKNOWN_MODEL),)
    constants = [c for c in _constants(tflite) if c.tensor.dtype not in ("string", "bool")]
    used: set[tuple[int, int]] = set()
    links: list[KernelLink] = []
    notes: list[Note] = []
    for source in _sources(model):
        found = _find(source, constants, used)
        if found is None:
            gates = _gates(source, constants)
            links.extend(gates)
            notes.append(Note(source.name, _SPLIT if gates else _NOT_FOUND))
            continue
        constant, axes = found
        used.add((constant.graph, constant.tensor.index))
        links.append(_link(source, constant, axes))
    return tuple(links), tuple(notes)


def kernel_names(model: Any) -> list[str]:
    """Return the names of the kernels of a Keras or tf_keras model; none if there is no model."""
    return [] if model is None else [source.name for source in _sources(model)]


def _find(
    source: _Source, constants: list[_Constant], used: set[tuple[int, int]]
) -> tuple[_Constant, Axes] | None:
    """Return the best constant among those with the kernel's layer name, else among all."""
    by_name = [(constant.named(source.layers), constant) for constant in constants]
    for candidates in ([c for c in by_name if c[0]], [c for c in by_name if not c[0]]):
        matches = [
            ((names, (c.graph, c.tensor.index) not in used, -found.distance), c, found.axes)
            for names, c in candidates
            if (found := _match(source, c, bool(names))) is not None
        ]
        if matches:
            _, constant, axes = max(matches, key=lambda each: each[0])
            return constant, axes
    return None


def _match(source: _Source, constant: _Constant, named: bool) -> Match | None:
    """Return how a constant holds a kernel; without a name, the values alone must decide."""
    if constant.tensor.size != source.values.size:
        return None
    free = named or is_decided_by_values(source.values, source.out_axes)
    if not free and not is_decided_by_values(source.values, ()):
        return None
    return match(source.values, source.out_axes if free else (), real_values(constant.tensor))


def _gates(source: _Source, constants: list[_Constant]) -> list[KernelLink]:
    """Return links to the four gate tensors of a fused LSTM (Keras order i, f, c, o)."""
    if source.values.ndim != 2 or source.values.shape[1] % 4:
        return []
    links = []
    for gate in np.split(source.values, 4, axis=1):
        part = _Source(source.name, gate, ())
        found = next((c for c in constants if _match(part, c, named=False)), None)
        if found is None:
            return []
        links.append(_link(source, found, None))
    return links


def _link(source: _Source, constant: _Constant, axes: Axes | None) -> KernelLink:
    tensor = constant.tensor
    return KernelLink(
        kernel=source.name,
        tensor=tensor.name,
        tensor_index=tensor.index,
        keras_shape=tuple(source.values.shape),
        tflite_shape=tensor.shape,
        axes=axes,
        zeros=tensor.zeros(),
        graph=constant.graph,
    )


def _constants(tflite: TFLiteModel) -> Iterator[_Constant]:
    for number, graph in enumerate(tflite.subgraphs):
        scopes = _scopes(graph)
        for tensor in graph.tensors:
            if tensor.is_constant and tensor.size > 1:
                yield _Constant(number, tensor, frozenset(scopes[tensor.index]))


def _scopes(graph: Subgraph) -> list[set[str]]:
    """Return, for each tensor, the name parts of itself and of the ops that read it."""
    scopes = [set(re.split("[;/]", tensor.name)) for tensor in graph.tensors]
    for op in reversed(graph.ops):
        produced: set[str] = set().union(*(scopes[i] for i in op.outputs))
        for i in op.inputs:
            if i >= 0 and (graph.tensors[i].is_constant or op.name in _PASS_ON):
                scopes[i] |= produced
    return scopes


def _is_scope(part: str, layer: str) -> bool:
    """Whether a part of a tensor's name is a layer's scope: its name, perhaps with a number."""
    return part == layer or (
        part.startswith(layer) and bool(re.fullmatch(r"_\d+", part[len(layer) :]))
    )


def _sources(model: Any) -> Iterator[_Source]:
    from tfprune.keras_facts import is_tf_keras, kernels_of
    from tfprune.linking.tf_keras_models import kernels_of_tf_keras

    if is_tf_keras(model):
        for name, values, out_axes in kernels_of_tf_keras(model):
            yield _Source(name, values, out_axes)
        return
    for kernel in kernels_of(model):
        values = np.asarray(kernel.variable, np.float32)
        yield _Source(kernel.name, values, kernel.out_axes)
