"""Models nested in a model become part of its own graph."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.graph import Clones, functional, interpret, is_graph, nodes_in_order, values_read
from tfprune.keras_internals import (
    input_structure,
    maker,
    output_structure,
    own_trainable,
    set_own_trainable,
    takes_training,
)
from tfprune.notes import Note
from tfprune.rewriting.editing import EXACT, Change


def inline(model: Any) -> tuple[Any, list[Change], list[Note]]:
    """Return the model with the graphs of nested models in its own, and what was done.

    A call `nested(x, training=False)` hands `training` on to the layers inside. Layers keep their
    names; where two have the same one, the nested model's name is put before it.

    Args:
        model: A Functional or built Sequential model, not changed.

    Returns:
        A Functional model, or `model` itself if it has no nested one.
    """
    net = functional(model)
    if not any(is_graph(node.operation) for node in nodes_in_order(net)):
        return model, [], []
    flat = _Flat(Clones(model), {node.operation.name for node in nodes_in_order(net)})
    inputs = [_input(tensor) for tensor in net.inputs]
    outputs = flat.run(net, inputs, None, "")
    structure = keras.tree.pack_sequence_as(output_structure(net), outputs)
    nested = keras.tree.pack_sequence_as(input_structure(net), inputs)
    fresh = keras.Model(nested, structure, name=net.name)
    flat.clones.copy_weights()
    set_own_trainable(fresh, own_trainable(net))
    return fresh, flat.changes, flat.clones.notes


class _Flat:
    def __init__(self, clones: Clones, names: set[str]) -> None:
        self.clones = clones
        self.changes: list[Change] = []
        self._copies: dict[int, Any] = {}
        self._names = names

    def run(self, net: Any, inputs: list[Any], training: bool | None, prefix: str) -> list[Any]:
        """Call everything in `net` on these tensors; return its outputs, flat."""

        def made(node: Any, args: Any, kwargs: Any) -> list[Any]:
            operation = node.operation
            if is_graph(operation):
                inside = kwargs.get("training")
                inside = training if inside is None else inside
                self._tell(operation.name)
                given = values_read(node, args, kwargs)
                return self.run(functional(operation), given, inside, f"{prefix}{operation.name}_")
            if training is not None and takes_training(operation):
                kwargs = {"training": training, **kwargs}
            return keras.tree.flatten(self._copy(operation, prefix)(*args, **kwargs))

        return interpret(net, inputs, made)

    def _copy(self, operation: Any, prefix: str) -> Any:
        if id(operation) not in self._copies:
            name = operation.name
            while prefix and name in self._names:
                name = prefix + name
            self._names.add(name)
            self._copies[id(operation)] = self._named(operation, name)
        return self._copies[id(operation)]

    def _named(self, operation: Any, name: str) -> Any:
        fresh = self.clones.of(operation)
        if fresh is not operation:
            fresh.name = name
        return fresh

    def _tell(self, name: str) -> None:
        change = Change(name, "the nested model becomes part of the graph around it", EXACT)
        if change not in self.changes:
            self.changes.append(change)


def _input(tensor: Any) -> Any:
    layer = maker(tensor)
    return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=layer.name)
