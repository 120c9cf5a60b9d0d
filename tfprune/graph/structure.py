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
