"""Who feeds whom in a Functional or Sequential model."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.errors import PruneError


def is_graph(model: Any) -> bool:
    """Whether the model's graph of operations can be read: Functional or built Sequential."""
    if isinstance(model, keras.Sequential):
        return model.built and getattr(model, "_functional", None) is not None
    return isinstance(model, keras.Model) and hasattr(model, "_nodes_by_depth")


def functional(model: Any) -> Any:
    """Return the Functional model behind a Functional or built Sequential model.

    Raises:
        PruneError: the model is subclassed or not built.
    """
    if not is_graph(model):
        raise PruneError(
            f"read the graph of {type(model).__name__} {model.name!r}",
            "it is not built" if not model.built else "it is subclassed: its calls are code",
            "build it with keras.Input, or prune it with tfprune.PruningOptimizer",
        )
    return model._functional if isinstance(model, keras.Sequential) else model


def nodes_in_order(net: Any) -> list[Any]:
    """Return the calls of a Functional model, producers first, repeated calls in their order."""
    ordered = []
    for depth in sorted(net._nodes_by_depth, reverse=True):
        nodes = net._nodes_by_depth[depth]
        ordered += sorted(nodes, key=lambda node: node.operation._inbound_nodes.index(node))
    return ordered


class Graph:
    """The operations of one model (nested models are single operations), in calling order.

    Args:
        model: A Functional or built Sequential model.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.ReLU(name="act")])
        >>> graph = Graph(model)
        >>> [op.name for op in graph.consumers(graph.inputs[0])]
        ['act']
    """

    def __init__(self, model: Any) -> None:
        net = functional(model)
        self.operations: list[Any] = []
        self._before: dict[int, list[Any]] = {}
        self._after: dict[int, list[Any]] = {}
        for node in nodes_in_order(net):
            self._add(node)
        self.inputs = [tensor._keras_history.operation for tensor in net.inputs]
        self.outputs = [tensor._keras_history.operation for tensor in net.outputs]

    def _add(self, node: Any) -> None:
        if id(node.operation) not in self._before:
            self.operations.append(node.operation)
        feeding = self._before.setdefault(id(node.operation), [])
        self._after.setdefault(id(node.operation), [])
        for tensor in node.input_tensors if not node.is_input else []:
            producer = tensor._keras_history.operation
            feeding.append(producer)
            self._after.setdefault(id(producer), []).append(node.operation)

    def producers(self, operation: Any) -> list[Any]:
        """Return the operations whose outputs this one reads, once for each read."""
        return self._before[id(operation)]

    def consumers(self, operation: Any) -> list[Any]:
        """Return the operations that read this one's output, once for each read."""
        return self._after[id(operation)]
