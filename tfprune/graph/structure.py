"""Who feeds whom in a Functional or Sequential model."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.keras_internals import (
    calls_of,
    graph_in,
    input_structure,
    nodes_by_depth,
    output_structure,
)
from tfprune.layer_names import inner_path
from tfprune.layer_names.places import Path


def is_graph(model: Any) -> bool:
    """Whether the model's graph of operations can be read: Functional or built Sequential."""
    if isinstance(model, keras.Sequential):
        return model.built and graph_in(model) is not None
    return isinstance(model, keras.Model) and isinstance(model, keras.Function)


def check_built(model: Any, asked: str) -> None:
    """Check that an object is a Keras model with weights, of whatever kind.

    Args:
        model: The object.
        asked: What it is wanted for, without the name of its class at the end.

    Raises:
        PruneError: it is not.
    """
    if not isinstance(model, keras.Model) or not model.built:
        raise PruneError(
            f"{asked} {type(model).__name__}",
            "it is not a Keras model with weights yet",
            "build it first: model.build(input_shape), or start it with keras.Input(shape)",
        )


def check_rewired(model: Any, fix: str) -> None:
    """Check that a model's layers can be wrapped; one that is not built is another fault.

    Raises:
        PruneError: it is subclassed; `fix` says what to do instead.
    """
    if model.built and not is_graph(model):
        raise PruneError(
            f"wrap the layers of {type(model).__name__} {model.name!r}",
            "it is subclassed: its calls are code, which cannot be rewired",
            fix,
        )


def functional(model: Any) -> Any:
    """Return the Functional model behind a Functional or built Sequential model.

    Raises:
        PruneError: the model is subclassed or not built.
    """
    if not is_graph(model):
        raise no_graph(model, "its calls are code")
    return graph_in(model) if isinstance(model, keras.Sequential) else model


def on_same_layers(model: Any) -> Any:
    """Return a Functional model of its own on a model's layers: to compile it leaves the other be.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> other = on_same_layers(model)
        >>> other.compile(loss="mse")
        >>> other.layers[-1] is model.layers[-1], model.compiled
        (True, False)
    """
    net = functional(model)
    return keras.Model(input_structure(net), output_structure(net), name=model.name)


def no_graph(model: Any, reason: str) -> PruneError:
    """Return the error of a model that has no graph, with the reason if it is subclassed."""
    return PruneError(
        f"read the graph of {type(model).__name__} {model.name!r}",
        f"it is subclassed: {reason}" if model.built else "it is not built",
        "build it with keras.Input, or prune it with tfprune.PruningOptimizer",
    )


@contextlib.contextmanager
def room_to_recurse(calls: int) -> Iterator[None]:
    """Let Keras build a model of about so many calls: it recurses once for each on a way.

    Source: keras/src/ops/function.py, `_build_map_helper`. Python's own limit is 1,000, and
    EfficientNetB7 with a mask behind each call is deeper.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 1000 + 10 * calls))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def nodes_in_order(net: Any) -> list[Any]:
    """Return the calls of a Functional model, producers first, repeated calls in their order."""
    ordered = []
    for _, nodes in sorted(nodes_by_depth(net).items(), key=itemgetter(0), reverse=True):
        ordered += sorted(nodes, key=_number) if len(nodes) > 1 else nodes
    return ordered


def _number(node: Any) -> int:
    """Return how many calls of the same operation came before."""
    return calls_of(node.operation).index(node)


def interpret(net: Any, inputs: Sequence[Any], call: Callable[[Any, Any, Any], Any]) -> list[Any]:
    """Walk the calls of a Functional model, producers first, with values in place of its tensors.

    Args:
        net: A Functional model.
        inputs: A value for each of its inputs: a tensor, another symbolic tensor, anything.
        call: `call(node, args, kwargs)` returns what the node's outputs become, nested as they are
            or flat; the arguments hold values where the node's hold tensors.

    Returns:
        The values of the model's outputs, flat.

    Example:
        >>> x = keras.Input((2,))
        >>> net = keras.Model(x, keras.layers.ReLU()(x) + 1.0)
        >>> interpret(net, ["x"], lambda node, args, kwargs: f"{type(node.operation).__name__}(x)")
        ['Add(x)']
    """
    values = {id(tensor): value for tensor, value in zip(net.inputs, inputs, strict=True)}
    for node in nodes_in_order(net):
        if not node.is_input:
            args, kwargs = node.arguments.fill_in(values)
            made = keras.tree.flatten(call(node, args, kwargs))
            values.update((id(old), new) for old, new in zip(node.outputs, made, strict=True))
    return [values[id(tensor)] for tensor in net.outputs]


def values_read(node: Any, args: Any, kwargs: Any) -> list[Any]:
    """Return the values that stand for `node.input_tensors`, in their order.

    Args:
        node: A call.
        args: Its arguments with values for its tensors, as `interpret` gives them.
        kwargs: Likewise.
    """
    symbolic = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
    given = keras.tree.flatten((args, kwargs))
    pairs = zip(symbolic, given, strict=True)
    return [value for own, value in pairs if isinstance(own, keras.KerasTensor)]


def nets(model: Any) -> Iterator[tuple[Path, Any]]:
    """Yield (path, Functional model) of a model and of each model nested in it, once each.

    Raises:
        PruneError: the model is subclassed or not built.
    """
    return _nets((), model, set())


def _nets(path: Path, model: Any, seen: set[int]) -> Iterator[tuple[Path, Any]]:
    if id(model) not in seen:
        seen.add(id(model))
        yield path, functional(model)
        for node in nodes_in_order(functional(model)):
            if is_graph(node.operation):
                yield from _nets(inner_path(path, node.operation.name), node.operation, seen)
