"""Find the first layer whose output in the file differs from Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfprune.errors import PruneError
from tfprune.layer_names import layers_in
from tfprune.runners import Runner
from tfprune.tflite.model import TFLiteModel
from tfprune.tflite.tensor import Tensor
from tfprune.verification.compare import is_within, measure
from tfprune.verification.outputs import Question
from tfprune.verification.reference import call


@dataclass(frozen=True)
class _Place:
    """A computed tensor of the file: the first and last of the layers that were fused into it."""

    tensor: Tensor
    first: int
    last: int


def first_different_layer(
    model: Any, question: Question, tflite: TFLiteModel, runtime: str
) -> str | None:
    """Name the first layer whose output differs, on the first batch and the builtin kernels.

    The converter names a tensor after the layers it fused, so it holds the output of the last of
    them, or of a later one that it left out of the name. If it holds none of these, the first of
    the fused layers is named, since the file cannot tell them apart. Layers that the file does
    not mention (dropout, reshapes that were removed) are passed over.

    Returns:
        The layer's name; None for a subclassed model, whose layers' outputs are out of reach,
        or if every layer that could be found is right.
    """
    layers = _intermediate(model)
    if not layers:
        return None
    names = [name for name, _ in layers]
    probe = keras.Model(model.inputs, [tensor for _, tensor in layers])
    expected = list(call(probe, question.batches[0]).values())
    places = _places(model, names, tflite)
    try:
        found = _values([place.tensor for place in places], question, runtime)
    except PruneError:
        return None
    for i, name in enumerate(names):
        own = [
            (place, value)
            for place, value in zip(places, found, strict=True)
            if place.last == i and value.shape == expected[i].shape
        ]
        if own and not any(_is_one_of(value, expected[i:], question) for _, value in own):
            return names[min(place.first for place, _ in own)] or name
    return None


def _is_one_of(value: np.ndarray, arrays: Sequence[np.ndarray], question: Question) -> bool:
    return any(
        is_within(measure(array, value), question.tolerance)
        for array in arrays
        if array.shape == value.shape
    )


def _intermediate(model: Any) -> list[tuple[str, Any]]:
    """Return name and symbolic output of each layer of a functional or sequential model."""
    if not getattr(model, "inputs", None) or not isinstance(model, keras.Model):
        return []
    return [
        (layer.name, tensor)
        for layer in model.layers
        if not isinstance(layer, keras.layers.InputLayer) and len(layer._inbound_nodes) == 1
        for tensor in keras.tree.flatten(layer.output)
    ]


def _places(model: Any, names: list[str], tflite: TFLiteModel) -> list[_Place]:
    """Return the computed tensors that name a layer; the model's outputs lose their names."""
    order = {name: i for i, name in reversed(list(enumerate(names)))}
    ends = [order[t._keras_history[0].name] for t in model.outputs if _maker(t) in order]
    places = []
    for index in dict.fromkeys(index for op in tflite.ops for index in op.outputs):
        tensor = tflite.tensors[index]
        mentioned = [order[name] for name in layers_in(tensor.name, order)]
        if mentioned:
            places.append(_Place(tensor, min(mentioned), max(mentioned)))
        elif index in tflite.outputs:
            places += [_Place(tensor, end, end) for end in ends]
    return places


def _maker(tensor: Any) -> str:
    return str(tensor._keras_history[0].name)


def _values(tensors: list[Tensor], question: Question, runtime: str) -> list[np.ndarray]:
    """Run the first batch with every tensor kept; return their real values."""
    with Runner(question.path, runtime=runtime, xnnpack=False, keep_all=True) as runner:
        runner.run(question.arrays(question.batches[0]))
        raw = runner.tensors([tensor.index for tensor in tensors])
    return [_real(value, tensor) for value, tensor in zip(raw, tensors, strict=True)]


def _real(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    if not tensor.quantized or not np.issubdtype(values.dtype, np.integer):
        return values
    return (values.astype(np.float32) - tensor.zero_points[0]) * np.float32(tensor.scales[0])
