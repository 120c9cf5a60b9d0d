"""Walk a model's graph call by call and apply the flow rule of each."""

from __future__ import annotations

from typing import Any

from tfprune.channels.call import Call, is_layer
from tfprune.channels.choices import Choices
from tfprune.channels.fixed_sizes import keep_fixed_sizes
from tfprune.channels.flow import Flow
from tfprune.channels.records import Records
from tfprune.channels.rules import apply_rule, may_be_unfolded
from tfprune.channels.structure import Structure
from tfprune.graph import functional, interpret, is_graph, unfold, values_read
from tfprune.layer_names import Names, inner_path
from tfprune.notes import joined


def trace(model: Any) -> Structure:
    """Find out which channels, neurons and heads of a model go together.

    A composite layer that has no flow rule is followed through the layers that it calls, where it
    can be unfolded (`tfprune.graph.unfold`): then the traced model is another than the given one.

    Args:
        model: A Functional or built Sequential model, nested models included; not changed.

    Returns:
        A `Structure`: its `groups` of units, and what stays whole for which reason.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> import keras
        >>> model = keras.Sequential(
        ...     [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv"),
        ...      keras.layers.Flatten(), keras.layers.Dense(2, name="head")]
        ... )
        >>> [(g.name, g.size, g.kept_whole) for g in trace(model).groups]
        [('conv', 4, None), ('head', 2, 'an output of the model')]
    """
    model, folded = unfold(model, may_be_unfolded)
    choices, names = Choices(), Names(model)
    while True:
        records = _records_of(functional(model), Records(choices, names))
        records.notes = joined(records.notes, folded)
        structure = Structure(model, records)
        if not choices.go_on(structure.stay):
            return structure


def _records_of(net: Any, records: Records) -> Records:
    flows = [Flow(tuple(tensor.shape)) for tensor in net.inputs]
    for flow in _through(net, flows, records, ()):
        for units in flow.units.values():
            records.ledger.keep(units, "an output of the model")
    keep_fixed_sizes(records)
    return records


def _through(net: Any, inputs: list[Flow], records: Records, path: tuple[str, ...]) -> list[Flow]:
    def call(node: Any, args: Any, kwargs: Any) -> list[Flow]:
        read = values_read(node, args, kwargs)
        if is_graph(node.operation):
            inner = functional(node.operation)
            flows = _through(inner, read, records, inner_path(path, node.operation.name))
        else:
            flows = _made_by(node, read, (args, kwargs), records, path)
        return list(map(records.flow_of, node.outputs, flows))

    own = [
        Flow(tuple(t.shape), f.units, f.floored) for t, f in zip(net.inputs, inputs, strict=True)
    ]
    return interpret(net, list(map(records.flow_of, net.inputs, own)), call)


def _made_by(
    node: Any, read: list[Flow], arguments: Any, records: Records, path: tuple[str, ...]
) -> list[Flow]:
    operation = node.operation
    if is_layer(operation):
        records.name_variables(operation, inner_path(path, operation.name))
    shapes = [tuple(tensor.shape) for tensor in node.outputs]
    return apply_rule(Call(operation, read, shapes, records, node=node, arguments=arguments))
