"""Replay a model's graph on fresh inputs, with each layer replaced by what `change` returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph.alike import may_forget
from tfprune.graph.structure import functional, interpret, is_graph, nodes_in_order, room_to_recurse
from tfprune.keras_internals import (
    calls_of,
    input_structure,
    maker,
    output_structure,
    own_trainable,
    set_own_trainable,
)

ChangeLayer = Callable[[Any], Any]
MakeCall = Callable[..., Any]


def replay(
    model: Any,
    change: ChangeLayer,
    *,
    call: MakeCall | None = None,
    shape: Callable[[Any], Any] = lambda tensor: tensor.shape,
    memo: dict[int, Any] | None = None,
    same_shapes: bool = True,
) -> Any:
    """Rebuild a Functional or Sequential model with every layer replaced by `change(layer)`.

    `change` is called once for each layer, also for one that is called several times or that
    stands in several nested models; nested models are replayed, their layers changed alike. In a
    Functional model all layers are changed before the first call, those of a class in a row: code
    that runs in a row stays in the processor's caches.

    Args:
        model: A Functional or built Sequential model, not changed.
        change: Layer or operation → what to call in its place.
        call: `call(node, operation, args, kwargs)` makes each call and returns its outputs, in
            the structure of the original's; `node` is the original's, `operation` what `change`
            returned. None simply calls. With it a Sequential model comes out as a Functional one.
        shape: Original tensor → the batch shape of the one in its place.
        memo: For nested calls.
        same_shapes: Whether every call must put out the shape that `shape` says; False for a
            `call` that makes some tensors in another shape.

    Returns:
        A plain `keras.Sequential` or `keras.Model` on inputs of its own.

    Raises:
        PruneError: the model is subclassed or not built, or what stands in the place of a layer
            puts out another shape than it should.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> from tfprune.graph import clone_layer
        >>> [layer.name for layer in replay(model, clone_layer).layers]
        ['head']
    """
    net = functional(model)
    memo = {} if memo is None else memo

    def changed(operation: Any) -> Any:
        if id(operation) not in memo:
            nested = is_graph(operation)
            memo[id(operation)] = (
                replay(
                    operation, change, call=call, shape=shape, memo=memo, same_shapes=same_shapes
                )
                if nested
                else change(operation)
            )
        return memo[id(operation)]

    if isinstance(model, keras.Sequential) and call is None:
        return _replay_sequential(model, net, changed, shape)
    # The graph inside a Sequential has another name than the Sequential.
    return _replay_functional(net, model.name, changed, call or _plain_call, shape, same_shapes)


def _replay_sequential(
    model: Any, net: Any, changed: ChangeLayer, shape: Callable[[Any], Any]
) -> Any:
    layers = [changed(layer) for layer in model.layers]
    own = {id(layer) for layer in model.layers}  # a mask that is computed is a call, too
    calls = [node for node in nodes_in_order(net) if id(node.operation) in own]
    try:
        fresh = keras.Sequential([_fresh_input(net.inputs[0], shape), *layers], name=model.name)
    finally:  # also if a layer behind the one to blame has failed
        for node, layer in zip(calls, layers, strict=True):
            if not calls_of(layer):
                break
            _check_shapes(node, calls_of(layer)[-1].outputs, shape)
    set_own_trainable(fresh, own_trainable(model))
    return fresh


def _check_shapes(node: Any, outputs: Any, shape: Callable[[Any], Any]) -> None:
    """Refuse what came out in the place of a call, if its shape is not what it should be.

    Keras' own layers tell all in their configs, but not always their shapes: that of EinsumDense
    with an ellipsis at the end is wrong in Keras 3.15.
    """
    if not isinstance(node.operation, keras.layers.Layer) or not may_forget(node.operation):
        return
    for old, new in zip(node.outputs, outputs, strict=True):
        if not isinstance(new, keras.KerasTensor):  # a call that is left out
            continue
        wanted, got = tuple(shape(old)), tuple(new.shape)
        known = [(a, b) for a, b in zip(wanted, got, strict=False) if None not in (a, b)]
        if len(wanted) != len(got) or any(a != b for a, b in known):
            raise PruneError(
                f"copy the layer {node.operation.name!r}",
                f"rebuilt from its config it puts out the shape {got}, not {wanted}",
                "a custom layer returns every argument of __init__ from get_config()",
            )


def _plain_call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
    return operation(*args, **kwargs)


def _replay_functional(
    net: Any,
    name: str,
    changed: ChangeLayer,
    call: MakeCall,
    shape: Callable[[Any], Any],
    same_shapes: bool,
) -> Any:
    def made(node: Any, args: Any, kwargs: Any) -> list[Any]:
        outputs = keras.tree.flatten(call(node, changed(node.operation), args, kwargs))
        if same_shapes:
            _check_shapes(node, outputs, shape)
        return outputs

    inputs = [_fresh_input(tensor, shape) for tensor in net.inputs]
    nodes = [node for node in nodes_in_order(net) if not node.is_input]
    for operation in sorted((node.operation for node in nodes), key=_class_name):
        changed(operation)
    outputs = keras.tree.pack_sequence_as(output_structure(net), interpret(net, inputs, made))
    nested = keras.tree.pack_sequence_as(input_structure(net), inputs)
    fresh = _model(nested, outputs, name, len(nodes))
    set_own_trainable(fresh, own_trainable(net))
    return fresh


def _model(inputs: Any, outputs: Any, name: str, calls: int) -> Any:
    try:
        with room_to_recurse(calls):
            return keras.Model(inputs, outputs, name=name)
    except ValueError as error:
        if "not connected" not in str(error):
            raise
        raise PruneError(
            f"build {name} anew",
            "nothing lies between an input and the outputs; Keras "
            f"{keras.__version__} refuses such a model",
            "keep more of its layers, or update Keras",
        ) from error


def _class_name(operation: Any) -> str:
    return type(operation).__name__


def _fresh_input(tensor: Any, shape: Callable[[Any], Any]) -> Any:
    layer = maker(tensor)
    return keras.Input(
        batch_shape=shape(tensor),
        dtype=tensor.dtype,
        sparse=getattr(tensor, "sparse", None),
        name=layer.name,
        optional=getattr(layer, "optional", False),
    )
