"""The calls of a model and of the models nested in it: which of them others need."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from tfprune.graph import Calls, Clones, functional, is_graph, nets, nodes_in_order, replay

log = logging.getLogger("tfprune")
Cuts = dict[int, int]
"""`{id(node): operand}`: calls that give back that one of their flat arguments."""


def live_nodes(net: Any, cuts: Cuts) -> list[Any]:
    """Return the calls of one Functional model that its outputs still need under these cuts."""
    needed = {id(tensor) for tensor in net.outputs}
    live = []
    for node in reversed(nodes_in_order(net)):
        if any(id(tensor) in needed for tensor in node.outputs):
            live.append(node)
            needed |= {id(tensor) for tensor in _read(node, cuts)}
    return live


def live_everywhere(model: Any, cuts: Cuts) -> list[Any]:
    """Return the calls still needed in the model and in the nested models that are still called."""
    live = live_nodes(functional(model), cuts)
    for node in list(live):
        if is_graph(node.operation) and id(node) not in cuts:
            live += live_everywhere(node.operation, cuts)
    return live


def bypassed(model: Any, cuts: Cuts, made: dict[int, Any] | None = None) -> Any:
    """Return a copy of the model in which these calls give back one of their arguments.

    Layers that nothing needs any more are not copied. Layers that could not be are shared with
    the model, and logged.

    Args:
        model: A Functional or Sequential model.
        cuts: `{id(call): operand}`.
        made: Filled with what stands in the place of each operation, by the operation's id.
    """
    alive = {id(node): node for _, net in nets(model) for node in live_nodes(net, cuts)}
    used = {id(node.operation) for key, node in alive.items() if key not in cuts}

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        if id(node) not in alive:
            return [None] * len(node.outputs)  # only read by calls that are not made either
        if id(node) in cuts:
            return keras.tree.flatten((args, kwargs))[cuts[id(node)]]
        return operation(*args, **kwargs)

    clones = Clones(model)
    copy = replay(model, lambda op: clones.of(op) if id(op) in used else op, call=call, memo=made)
    clones.copy_weights()
    for note in clones.notes:
        log.warning("%s", note)
    return copy


def _read(node: Any, cuts: Cuts) -> list[Any]:
    return [flat(node)[cuts[id(node)]]] if id(node) in cuts else node.input_tensors


def flat(node: Any) -> list[Any]:
    """Return all arguments of a call as one list, in the order of `keras.tree.flatten`."""
    return keras.tree.flatten((node.arguments.args, node.arguments.kwargs))


def with_nested(nodes: Iterable[Any]) -> Iterator[Any]:
    """Yield the calls, and those inside the nested models that they call."""
    for node in nodes:
        yield node
        if is_graph(node.operation):
            for _, net in nets(node.operation):
                yield from nodes_in_order(net)


def label(calls: Calls, node: Any) -> str:
    """Return the operation's name, with the number of the call if it is called again."""
    number = next(i for i, n in enumerate(calls.of(node.operation)) if n is node)
    return f"{node.operation.name}#{number + 1}" if number else node.operation.name


def between(calls: Calls, source: Any, ends: list[Any]) -> list[Any]:
    """Return the calls on all ways from a tensor to each of `ends`; none if one has no way."""
    after = {id(source)}
    for node in calls.nodes:
        if any(id(t) in after for t in node.input_tensors):
            after.update(id(t) for t in node.outputs)
    if not all(id(end) in after and end is not source for end in ends):
        return []
    before = {id(end) for end in ends}
    way = []
    for node in reversed(calls.nodes):
        if any(id(t) in before and id(t) in after for t in node.outputs):
            way.append(node)
            before.update(id(t) for t in node.input_tensors if t is not source)
    return way[::-1]
