"""The graph behind a composite layer: what its call leaves when it is called symbolically."""

from __future__ import annotations

import inspect
import logging
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfprune.errors import PruneError, first_line, first_sentence
from tfprune.graph.constants import constants_in_graph
from tfprune.graph.drawing import drawn
from tfprune.graph.open_batch import standing_for_batch, with_open_batch
from tfprune.graph.own_weights import weights_in_graph
from tfprune.graph.replay import replay
from tfprune.graph.sizes import SIZES, FittingSizes
from tfprune.graph.steps import in_one_row, takes_steps
from tfprune.graph.structure import nodes_in_order
from tfprune.keras_internals import (
    calls_undone,
    draws_numbers,
    layers_of,
    mask_of,
    own_trainable,
    set_own_trainable,
)


@contextmanager
def graph_of(layer: Any, calls: list[Any], sizes: FittingSizes) -> Iterator[Any]:
    """Yield a model of what a composite layer calls, on its own layers.

    The calls that this leaves on those layers are taken away again afterwards.

    Args:
        layer: A built layer whose call goes through other layers and `keras.ops`.
        calls: The nodes of the graph that call it.
        sizes: How long tensors are where their shapes leave it open.

    Raises:
        PruneError: the model would not say all that the layer does; `found` is the reason.
    """
    with calls_undone(layers_of(layer)):
        with _silently():
            graph = _checked_graph(layer, calls, sizes)
        for inner, outer in zip(graph.inputs, calls[0].input_tensors, strict=True):
            sizes.tell(inner, outer)
        yield graph


@contextmanager
def _silently() -> Iterator[None]:
    """Keep back what was said already when the layer was built and called for the first time."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _checked_graph(layer: Any, calls: list[Any], sizes: FittingSizes) -> Any:
    _check_calls(layer, calls)
    try:
        graph = _traced(layer, calls[0], None, sizes)
    except PruneError as error:
        lengths = [n for tensor in calls[0].input_tensors for n in tensor.shape]
        try:  # code may compute with the number of examples, which then must be one
            graph = _traced(layer, calls[0], standing_for_batch(lengths), sizes)
        except PruneError:
            raise error from None
    set_own_trainable(graph, own_trainable(layer))
    return graph


def _traced(layer: Any, node: Any, batch: int | None, sizes: FittingSizes) -> Any:
    graph = _called(layer, node, batch)
    if _takes_training(layer, node):
        _check_training(layer, graph, _called(layer, node, batch, training=True))
    _check_complete(layer, graph)
    if (before := _constants(graph)) and layer.weights:
        with _other_weights(layer):
            after = _constants(_called(layer, node, batch))
        if before != after:
            raise _stays(layer, "it computes with the weights of its layers")
    _check_equal(layer, node, graph, sizes)
    return graph


def _stays(layer: Any, reason: str) -> PruneError:
    return PruneError(
        f"replace {layer.name} by a model of its layers",
        reason,
        "give the layer a method channel_flow(call)",
    )


def _check_calls(layer: Any, calls: list[Any]) -> None:
    plain = all(node.arguments.args == tuple(node.input_tensors) for node in calls)
    if len(calls) > 1 and not (plain and all(len(node.input_tensors) == 1 for node in calls)):
        raise _stays(layer, "it is called several times, with several arguments")
    tensors = [tensor for node in calls for tensor in node.input_tensors]
    if any(mask_of(tensor) is not None for tensor in tensors):
        raise _stays(layer, "it reads the mask of its input")
    floats = [t for t in tensors if keras.backend.is_float_dtype(t.dtype)]
    if any(tensor.dtype != layer.compute_dtype for tensor in floats):
        raise _stays(layer, f"it casts its inputs to {layer.compute_dtype}")
    if layer.activity_regularizer is not None:
        raise _stays(layer, "it adds a loss")


def _code_of(layer: Any) -> Callable[..., Any]:
    return in_one_row(layer) if takes_steps(layer) else layer.call


def _takes_training(layer: Any, node: Any) -> bool:
    if takes_steps(layer):
        return False  # the layer inside finds out by itself
    takes = "training" in inspect.signature(layer.call).parameters
    return takes and "training" not in node.arguments.kwargs


def _called(layer: Any, node: Any, batch: int | None, training: bool | None = None) -> Any:
    """Return a model of one call of a composite, traced with so many examples; None is open."""
    inputs: list[Any] = []

    def fresh(value: Any) -> Any:
        if not isinstance(value, keras.KerasTensor):
            return value
        name = f"{layer.name}_input_{len(inputs)}"
        examples = batch if value.shape and value.shape[0] is None else value.shape[0]
        shape = (examples, *value.shape[1:])
        inputs.append(keras.Input(batch_shape=shape, dtype=value.dtype, name=name))
        return inputs[-1]

    args, kwargs = keras.tree.map_structure(fresh, (node.arguments.args, node.arguments.kwargs))
    if _takes_training(layer, node):
        kwargs["training"] = training  # None leaves it to each layer, as the caller of a model does
    try:
        with constants_in_graph(layer, inputs[0]), weights_in_graph(layer, inputs[0]):
            outputs = _code_of(layer)(*args, **kwargs)
        graph = keras.Model(inputs[0] if len(inputs) == 1 else inputs, outputs, name=layer.name)
        graph = graph if batch is None else with_open_batch(graph, batch)
    except PruneError as error:
        raise _stays(layer, error.found) from error
    except Exception as error:  # Code that needs numbers fails in whatever way it does.
        found = f"its call does not take symbolic tensors ({first_sentence(error)})"
        raise _stays(layer, found) from error
    while sum(_leave_open(node) for node in nodes_in_order(graph)):
        graph = replay(graph, lambda operation: operation)  # with the shapes that are known now
    return graph


def _leave_open(node: Any) -> bool:
    """Let a reshape to `(ops.shape(x)[0], …)` find out the batch: in a symbolic call it is None."""
    asked = list(getattr(node.operation, "newshape", ()))
    if asked.count(None) != 1 or None in node.input_tensors[0].shape[1:]:
        return False
    if -1 in asked:  # one example fills what is left
        known = prod(length for length in asked if length not in (None, -1))
        asked[asked.index(-1)] = prod(node.input_tensors[0].shape[1:]) // known
    node.operation.newshape = tuple(-1 if length is None else length for length in asked)
    return True


def _check_training(layer: Any, graph: Any, training: Any) -> None:
    """Refuse code that branches on `training`: a graph holds one branch.

    Calls of one depth come in any order.
    """
    kinds = [Counter(type(n.operation) for n in nodes_in_order(m)) for m in (graph, training)]
    if kinds[0] != kinds[1]:
        raise _stays(layer, "its call goes another way in training")


def _check_complete(layer: Any, graph: Any) -> None:
    """Refuse a graph that lost a weight, or holds the present value of one.

    A layer inside that is never called may be lost: a dropout of a block without a shortcut.
    """
    if draws_numbers(layer):
        raise _stays(layer, "it draws random numbers")
    for node in nodes_in_order(graph):
        for value in keras.tree.flatten((node.arguments.args, node.arguments.kwargs)):
            if isinstance(value, keras.Variable):
                raise _stays(layer, "it computes with the weights of its layers")


def _constants(graph: Any) -> Counter[bytes]:
    """Return what floating tensors a graph computes with, in any order."""
    found: Counter[bytes] = Counter()
    for node in nodes_in_order(graph):
        given = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
        found.update(np.asarray(value).tobytes() for value in given if _is_float_tensor(value))
    return found


def _other_weights(layer: Any) -> Any:
    """Return a scope in which the weights of a layer have other values: what is made of them too.

    Sines of positions, computed as tensors, stay what they are.
    """
    floats = [v for v in layer.weights if keras.backend.is_float_dtype(v.dtype)]
    return keras.StatelessScope([(v, v * -0.7 + 3.1) for v in floats])


def _is_float_tensor(value: Any) -> bool:
    return tf.is_tensor(value) and keras.backend.is_float_dtype(value.dtype.name)


def _check_equal(layer: Any, node: Any, graph: Any, sizes: FittingSizes) -> None:
    """Refuse a graph that computes anything else than the layer, tried on drawn numbers."""
    training = {"training": False} if _takes_training(layer, node) else {}
    for size in SIZES:
        try:
            inputs = drawn(sizes.closed(node.input_tensors, size), np.random.default_rng(0))
            left = iter(inputs)
            args, kwargs = keras.tree.map_structure(
                lambda value, left=left: (
                    next(left) if isinstance(value, keras.KerasTensor) else value
                ),
                (node.arguments.args, node.arguments.kwargs),
            )
            wanted = layer(*args, **kwargs, **training)
            made = graph(inputs[0] if len(inputs) == 1 else inputs, training=False)
            break
        except Exception as error:
            if size == SIZES[-1]:
                found = f"its graph cannot be tried ({first_line(error)})"
                raise _stays(layer, found) from error
    # Steps in one row are added up in another order.
    same = np.allclose if takes_steps(layer) else np.array_equal
    tolerances = {"rtol": 1e-4, "atol": 1e-5} if takes_steps(layer) else {}
    pairs = zip(keras.tree.flatten(wanted), keras.tree.flatten(made), strict=True)
    if not all(same(a, b, equal_nan=True, **tolerances) for a, b in pairs):
        raise _stays(layer, "its graph computes something else")
