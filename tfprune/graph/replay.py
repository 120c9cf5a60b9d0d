"""Replay a model's graph on fresh inputs, with each layer replaced by what `change` returns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfprune.errors import PruneError
from tfprune.graph.structure import functional, is_graph, nodes_in_order
from tfprune.notes import Note

Change = Callable[[Any], Any]
Call = Callable[..., Any]


class Clones:
    """Fresh copies of layers and operations, and the weights still to be copied into them.

    A layer that cannot be rebuilt from its configuration is used as it is; `notes` says which.
    """

    def __init__(self) -> None:
        self._pairs: list[tuple[Any, Any]] = []
        self.notes: list[Note] = []

    def of(self, layer: Any, config: dict[str, Any] | None = None) -> Any:
        """Return a fresh copy of a layer or operation, of another config if one is given.

        Its weights follow with `copy_weights`.
        """
        if not isinstance(layer, keras.layers.Layer):
            return _uncalled(layer)
        try:
            copy = clone_layer(layer) if config is None else type(layer).from_config(config)
        except Exception as error:
            reason = (
                f"shared with the original model, it cannot be rebuilt from its config: {error}"
            )
            self.notes.append(Note(layer.name, reason))
            return layer
        self.pair(layer, copy)
        return copy

    def pair(self, original: Any, copy: Any) -> None:
        """Remember that `copy` is to get the weights and the trainable flags of `original`."""
        self._pairs.append((original, copy))

    def copy_weights(self, read: Callable[[Any], Any] = np.asarray) -> None:
        """Copy every variable of each original into its copy.

        Args:
            read: Maps a variable of an original to the array to be stored.

        Raises:
            PruneError: a copy has other weights than its original, so that its config does not
                say all (LoRA was enabled on a layer inside it, for one).
        """
        for original, copy in self._pairs:
            values = [read(source) for source in original.variables]
            if [v.shape for v in values] != [tuple(v.shape) for v in copy.variables]:
                raise PruneError(
                    f"copy the layer {original.name!r}",
                    "rebuilt from its config it has other weights than now",
                    "merge LoRA weights first; a custom layer tells all in get_config()",
                )
            for value, target in zip(values, copy.variables, strict=True):
                target.assign(value)
            _copy_trainable(original, copy)


def clone_layer(layer: Any) -> Any:
    """Return a layer of the same class and configuration, with weights of its own.

    Raises:
        Exception: whatever the layer's `get_config` or `from_config` raises.
    """
    if isinstance(layer, keras.layers.Lambda):
        return _clone_lambda(layer)
    return type(layer).from_config(layer.get_config())


def replay(
    model: Any,
    change: Change,
    *,
    call: Call | None = None,
    shape: Callable[[Any], Any] = lambda tensor: tensor.shape,
    memo: dict[int, Any] | None = None,
) -> Any:
    """Rebuild a Functional or Sequential model with every layer replaced by `change(layer)`.

    `change` is called once for each layer, also for one that is called several times or that
    stands in several nested models; nested models are replayed, their layers changed alike.

    Args:
        model: A Functional or built Sequential model, not changed.
        change: Layer or operation → what to call in its place.
        call: `call(node, operation, args, kwargs)` makes each call and returns its outputs, in
            the structure of the original's; `node` is the original's, `operation` what `change`
            returned. None simply calls. With it a Sequential model comes out as a Functional one.
        shape: Original input tensor → the batch shape of the input in its place.
        memo: For nested calls.

    Returns:
        A plain `keras.Sequential` or `keras.Model` on inputs of its own.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name="head")])
        >>> [layer.name for layer in replay(model, clone_layer).layers]
        ['head']
    """
    net = functional(model)
    memo = {} if memo is None else memo

    def changed(operation: Any) -> Any:
        if id(operation) not in memo:
            nested = is_graph(operation)
            memo[id(operation)] = (
                replay(operation, change, call=call, shape=shape, memo=memo)
                if nested
                else change(operation)
            )
        return memo[id(operation)]

    if isinstance(model, keras.Sequential) and call is None:
        start = _fresh_input(net.inputs[0], shape)
        fresh = keras.Sequential([start], name=model.name)
        for layer in model.layers:
            fresh.add(changed(layer))
        fresh._trainable = model._trainable
        return fresh
    return _replay_functional(net, changed, call or _plain_call, shape)


def _plain_call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
    return operation(*args, **kwargs)


def _replay_functional(net: Any, changed: Change, call: Call, shape: Callable[[Any], Any]) -> Any:
    tensors = {id(tensor): _fresh_input(tensor, shape) for tensor in net.inputs}
    inputs = keras.tree.map_structure(lambda t: tensors[id(t)], net._inputs_struct)
    for node in nodes_in_order(net):
        if not node.is_input:
            args, kwargs = node.arguments.fill_in(tensors)
            results = call(node, changed(node.operation), args, kwargs)
            new = keras.tree.flatten(results)
            tensors.update({id(old): t for old, t in zip(node.outputs, new, strict=True)})
    outputs = keras.tree.map_structure(lambda t: tensors[id(t)], net._outputs_struct)
    fresh = keras.Model(inputs, outputs, name=net.name)
    fresh._trainable = net._trainable
    return fresh


def _fresh_input(tensor: Any, shape: Callable[[Any], Any]) -> Any:
    layer = tensor._keras_history.operation
    return keras.Input(
        batch_shape=shape(tensor),
        dtype=tensor.dtype,
        sparse=getattr(tensor, "sparse", None),
        name=layer.name,
        optional=getattr(layer, "optional", False),
    )


def _clone_lambda(layer: Any) -> Any:
    return keras.layers.Lambda(
        layer.function,
        output_shape=layer._output_shape,
        mask=layer.mask,
        arguments=layer.arguments,
        name=layer.name,
        dtype=layer.dtype_policy,
        trainable=layer.trainable,
    )


def _uncalled(operation: Any) -> Any:
    """Return a copy of an operation of `keras.ops`, which has no weights, that nobody called."""
    fresh = object.__new__(type(operation))
    vars(fresh).update(vars(operation), _inbound_nodes=[], _outbound_nodes=[])
    return fresh


def _copy_trainable(original: Any, copy: Any) -> None:
    pairs = zip(original._flatten_layers(), copy._flatten_layers(), strict=True)
    for old, new in pairs:
        if old._trainable != new._trainable:
            new._trainable = old._trainable
    for old, new in zip(original.variables, copy.variables, strict=True):
        new.trainable = old.trainable
