"""One symbolic sample that fits a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from tfprune.counts.calls import CountedCall, graph_calls, one_sample
from tfprune.counts.shapes import OpenSize, Uncounted
from tfprune.errors import PruneError
from tfprune.graph import functional, is_graph
from tfprune.keras_internals import maker


def sample_call(model: Any, input_shape: Any = None) -> CountedCall:
    """Return the call of a model with one sample of the given shape, or of the model's own.

    Raises:
        PruneError: the model does not take `input_shape`.
        OpenSize: the model is subclassed and nobody knows its input's shape.
    """
    if is_graph(model):
        inputs = _graph_inputs(model, input_shape)
        if input_shape is not None:
            _check(model, inputs, input_shape)
        return CountedCall(model, (inputs,), {}, [one_sample(t) for t in functional(model).outputs])
    if input_shape is not None:
        return CountedCall(model, (_tensors(input_shape, model.input_dtype),), {}, [])
    return _as_built(model)


def _check(model: Any, inputs: list[Any], input_shape: Any) -> None:
    try:
        graph_calls(model, inputs)
    except Uncounted as error:
        raise _misfit(model, input_shape, str(error)) from error


def _graph_inputs(model: Any, input_shape: Any) -> list[Any]:
    own = functional(model).inputs
    if input_shape is None:
        return [one_sample(tensor) for tensor in own]
    shapes = _per_input(input_shape, own)
    if len(shapes) != len(own):
        raise _misfit(model, input_shape, f"the model has {len(own)} inputs")
    return [
        keras.KerasTensor((1, *_without_batch(model, input_shape, shape, tensor)), tensor.dtype)
        for shape, tensor in zip(shapes, own, strict=True)
    ]


def _per_input(input_shape: Any, own: Sequence[Any]) -> list[Any]:
    if isinstance(input_shape, Mapping):
        names = [maker(tensor).name for tensor in own]
        return [input_shape[name] for name in names if name in input_shape]
    return [input_shape] if _is_shape(input_shape) else list(input_shape)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and all(n is None or isinstance(n, int) for n in value)


def _without_batch(model: Any, asked: Any, shape: Sequence[int | None], tensor: Any) -> Any:
    rank = len(tensor.shape)
    if len(shape) not in (rank - 1, rank):
        raise _misfit(model, asked, f"its input is of shape {tuple(tensor.shape[1:])}")
    return tuple(shape)[len(shape) - rank + 1 :]


def _tensors(shapes: Any, dtype: Any) -> Any:
    """Return symbolic tensors in the structure of `shapes`, each the shape of one sample."""
    if _is_shape(shapes):
        return keras.KerasTensor((1, *shapes), dtype)
    if isinstance(shapes, Mapping):
        return {name: _tensors(shape, dtype) for name, shape in shapes.items()}
    return [_tensors(shape, dtype) for shape in shapes]


def _as_built(model: Any) -> CountedCall:
    """Use the shapes a subclassed model was built with."""
    config = keras.Model.get_build_config(model) or {}
    shapes = config.get("shapes_dict", config)
    if not shapes:
        raise OpenSize("the shape of its input is not known")
    samples = keras.tree.map_shape_structure(lambda shape: tuple(shape[1:]), dict(shapes))
    inputs = {name: _tensors(shape, model.input_dtype) for name, shape in samples.items()}
    if len(inputs) == 1:
        return CountedCall(model, tuple(inputs.values()), {}, [])
    return CountedCall(model, (), {n.removesuffix("_shape"): t for n, t in inputs.items()}, [])


def _misfit(model: Any, asked: Any, found: str) -> PruneError:
    return PruneError(
        f"count {model.name!r} for input_shape={asked}",
        found,
        "give the shape of one sample, of several inputs a list of shapes or a dict by input name",
    )
