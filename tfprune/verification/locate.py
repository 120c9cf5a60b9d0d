"""Find the first layer whose output in the file differs from Keras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tfprune.graph import Calls, functional, is_graph, packed, run_watched
from tfprune.layer_names import layers_in
from tfprune.runners import Runner
from tfprune.tflite.model import TFLiteModel
from tfprune.verification.compare import is_within, measure
from tfprune.verification.outputs import Question, as_run
from tfprune.verification.pairing import pair


@dataclass(frozen=True)
class _Computed:
    """A tensor that the file computed: its value, and where it stands in Keras.

    Args:
        name: Its name in the file.
        value: Real values.
        ends: The outputs of the model that it is, as Keras' tensors.
    """

    name: str
    value: np.ndarray
    ends: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Place:
    """The first and last of the layers that were fused into a tensor, and its value."""

    computed: _Computed
    first: int
    last: int


def first_different_layer(
    model: Any, question: Question, tflite: TFLiteModel, runtime: str
) -> str | None:
    """Name the first layer whose output differs, on the first batch and the builtin kernels.

    The converter names a tensor after the layers it fused, so it holds the output of the last of
    them, or of a later one that it left out of the name. If it holds none of these, the first of
    the fused layers is named, since the file cannot tell them apart. Layers that the file does
    not mention (dropout, reshapes that were removed) are passed over; of a nested model the layer
    inside is named, `"backbone/stem"`.

    Returns:
        The layer's name; None for a subclassed model, whose layers' outputs are out of reach,
        or if every layer that could be found is right.

    Raises:
        PruneError: the interpreter can't keep its tensors.
    """
    if not is_graph(model):
        return None
    values: dict[int, Any] = {}  # of a nested model those of its first call
    inputs = packed(model, question.batches[0])
    run_watched(model, inputs, lambda tensor, value: values.setdefault(id(tensor), value))
    return _search(model, values, _computed(model, question, tflite, runtime), question)


def _search(
    model: Any, values: dict[int, Any], computed: Sequence[_Computed], question: Question
) -> str | None:
    calls = Calls(model).nodes
    tensors = [tensor for node in calls for tensor in node.outputs]
    makers = [node.operation for node in calls for _ in node.outputs]
    names = [str(maker.name) for maker in makers]
    expected = [np.asarray(keras.ops.convert_to_numpy(values[id(t)])) for t in tensors]
    places = _places(names, [id(tensor) for tensor in tensors], computed)
    for i in range(len(names)):
        own = [p for p in places if p.last == i and p.computed.value.shape == expected[i].shape]
        if own and not any(_is_one_of(p.computed.value, expected[i:], question) for p in own):
            first = min(place.first for place in own)
            if not is_graph(makers[first]):
                return str(makers[first].name)
            mine = [p.computed for p in places if p.first <= first <= p.last]
            inner = _search(makers[first], values, mine, question)
            return f"{makers[first].name}/{inner}" if inner else str(makers[first].name)
    return None


def _is_one_of(value: np.ndarray, arrays: Sequence[np.ndarray], question: Question) -> bool:
    return any(
        is_within(measure(array, value), question.tolerance)
        for array in arrays
        if array.shape == value.shape
    )


def _places(
    names: Sequence[str], tensors: Sequence[int], computed: Sequence[_Computed]
) -> list[_Place]:
    """Return the tensors that name a layer; the model's outputs lose their names."""
    order = {name: i for i, name in reversed(list(enumerate(names)))}
    places = []
    for one in computed:
        mentioned = [order[name] for name in layers_in(one.name, order)]
        if mentioned:
            places.append(_Place(one, min(mentioned), max(mentioned)))
        else:
            ends = [tensors.index(end) for end in one.ends if end in tensors]
            places += [_Place(one, end, end) for end in ends]
    return places


def _computed(model: Any, question: Question, tflite: TFLiteModel, runtime: str) -> list[_Computed]:
    """Run the first batch with every tensor kept; return the real value of each."""
    made = list(dict.fromkeys(index for op in tflite.ops for index in op.outputs))
    with Runner(question.path, runtime=runtime, xnnpack=False, keep_all=True) as runner:
        arrays = runner.run(question.arrays(question.batches[0]))
        raw = runner.tensors(made)
        specs = as_run(runner.outputs, arrays)
    shapes = {name: array.shape for name, array in question.expected[0].items()}
    positions, _ = pair("outputs", shapes, specs, question.path)
    ends: dict[int, tuple[int, ...]] = {}
    for name, tensor in zip(question.expected[0], functional(model).outputs, strict=True):
        index = specs[positions[name]].index
        ends[index] = (*ends.get(index, ()), id(tensor))
    return [
        _Computed(tflite.tensors[index].name, _real(value, tflite, index), ends.get(index, ()))
        for index, value in zip(made, raw, strict=True)
    ]


def _real(values: np.ndarray, tflite: TFLiteModel, index: int) -> np.ndarray:
    tensor = tflite.tensors[index]
    if not tensor.quantized or not np.issubdtype(values.dtype, np.integer):
        return values
    return (values.astype(np.float32) - tensor.zero_points[0]) * np.float32(tensor.scales[0])
