"""Walk a model's graph call by call and apply the flow rule of each."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.channels.call import Call, is_layer
from tfprune.channels.choices import Choices
from tfprune.channels.flow import Flow
from tfprune.channels.records import Records
from tfprune.channels.rules import apply_rule, may_be_unfolded
from tfprune.channels.structure import Structure
from tfprune.graph import functional, is_graph, nodes_in_order, unfold
from tfprune.layer_names import Names
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
    for tensor in net.inputs:
        records.flow_of(tensor, Flow(tuple(tensor.shape)))
    _walk(net, records, ())
    for tensor in net.outputs:
        for units in records.flows[id(tensor)].units.values():
            records.ledger.keep(units, "an output of the model")
    return records


def _walk(net: Any, records: Records, path: tuple[str, ...]) -> None:
    for node in nodes_in_order(net):
        if node.is_input:
            continue
        inputs = [records.flows[id(tensor)] for tensor in node.input_tensors]
        if is_graph(node.operation):
            flows = _through_model(node.operation, inputs, records, path)
        else:
            flows = _call(node, inputs, records, path)
        for tensor, flow in zip(node.outputs, flows, strict=True):
            records.flow_of(tensor, flow)


def _through_model(
    model: Any, inputs: list[Flow], records: Records, path: tuple[str, ...]
) -> list[Flow]:
    net = functional(model)
    for tensor, flow in zip(net.inputs, inputs, strict=True):
        records.flow_of(tensor, Flow(tuple(tensor.shape), flow.units))
    _walk(net, records, (*path, model.name))
    return [records.flows[id(tensor)] for tensor in net.outputs]


def _call(node: Any, inputs: list[Flow], records: Records, path: tuple[str, ...]) -> list[Flow]:
    operation = node.operation
    if is_layer(operation):
        records.name_variables(operation, (*path, operation.name))
    flows = {id(t): flow for t, flow in zip(node.input_tensors, inputs, strict=True)}
    arguments = keras.tree.map_structure(
        lambda value: flows.get(id(value), value), (node.arguments.args, node.arguments.kwargs)
    )
    shapes = [tuple(tensor.shape) for tensor in node.outputs]
    return apply_rule(Call(operation, inputs, shapes, records, node=node, arguments=arguments))
