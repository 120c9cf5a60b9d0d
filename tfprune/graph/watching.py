"""The values that tensors of a graph take on data, those of nested models included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tfprune.graph.structure import functional, interpret, is_graph
from tfprune.keras_internals import flat_inputs, output_structure, takes_training

Watcher = Callable[[Any, Any], None]


def run_watched(model: Any, inputs: Any, seen: Watcher) -> Any:
    """Run a model in inference mode and show each tensor of its graph with its value.

    Args:
        model: A Functional or built Sequential model; models inside it are run alike.
        inputs: A batch, as the model takes it.
        seen: Called with each symbolic tensor and its value; more than once for the tensors of a
            nested model that is called more than once.

    Returns:
        The model's outputs.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.ReLU()])
        >>> shapes = []
        >>> _ = run_watched(model, keras.ops.ones((3, 2)), lambda t, v: shapes.append(v.shape))
        >>> [tuple(shape) for shape in shapes]
        [(3, 2), (3, 2)]
    """
    net = functional(model)

    def made(node: Any, args: Any, kwargs: Any) -> Any:
        outputs = _call(node.operation, args, kwargs, seen)
        for tensor, value in zip(node.outputs, keras.tree.flatten(outputs), strict=True):
            seen(tensor, value)
        return outputs

    given = flat_inputs(net, inputs)
    for tensor, value in zip(net.inputs, given, strict=True):
        seen(tensor, value)
    return keras.tree.pack_sequence_as(output_structure(net), interpret(net, given, made))


def _call(operation: Any, args: Any, kwargs: dict[str, Any], seen: Watcher) -> Any:
    if is_graph(operation):
        inputs = args[0] if args else kwargs["inputs"]
        return run_watched(operation, inputs, seen)
    if takes_training(operation):
        kwargs = {**kwargs, "training": False}
    return operation(*args, **kwargs)
