"""What happens to each layer call: its rule, what is folded, where ranges are learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tfprune.graph import is_graph
from tfprune.graph.structure import functional, nodes_in_order
from tfprune.layer_names import check_names, is_named
from tfprune.notes import Note
from tfprune.quantization.folding import is_by_channel
from tfprune.quantization.rules import FLOAT, LEARNED, Rule, find_rule
from tfprune.quantization.rules.activations import is_relu
from tfprune.quantization.rules.rule import left_alone
from tfprune.quantization.wrapper import unwrapped

_KEPT = "left float as asked (keep_float)"


@dataclass
class Plan:
    """How each call of each layer is quantized; layers, calls and tensors go by `id`.

    Args:
        rules: Operation → its rule.
        norms: Operation → the BatchNormalization folded into it.
        folded: Calls of these BatchNormalizations, which vanish.
        unrounded: Calls whose output is rounded behind the relu or concatenation that follows.
        ends: Operations that round their own output, so that the model's outputs keep their names.
        nested_inputs: Input tensors of nested models, which come rounded.
        notes: Layers left alone, and why.
    """

    rules: dict[int, Rule] = field(default_factory=dict)
    norms: dict[int, Any] = field(default_factory=dict)
    folded: set[int] = field(default_factory=set)
    unrounded: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    nested_inputs: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


def plan(model: Any, keep_float: Sequence[str] = ()) -> Plan:
    """Return what `quantize_model` will do to a model.

    Args:
        model: A Functional or built Sequential model.
        keep_float: Names or globs of layers that are left alone.

    Raises:
        PruneError: the model is subclassed or not built, or a name fits no layer.
    """
    calls = _Calls(model)
    check_names("keep_float", keep_float, (node.operation.name for node in calls.nodes))
    made = Plan(nested_inputs=calls.nested_inputs)
    for node in calls.nodes:
        operation = node.operation
        if id(operation) in made.rules or is_graph(operation):
            continue
        kept = is_named(operation.name, keep_float)
        rule = left_alone(_KEPT) if kept else find_rule(unwrapped(operation))
        made.rules[id(operation)] = rule
        if rule.reason:
            made.notes.append(Note(operation.name, f"stays float: {rule.reason}"))
    for node in calls.nodes:
        if not is_graph(node.operation):
            _look_ahead(node, calls, made)
    return made


def _look_ahead(node: Any, calls: _Calls, made: Plan) -> None:
    rule = made.rules[id(node.operation)]
    last = node
    if rule.fuses_norm and _can_fold(node, calls, made):
        last = calls.follower(node)
        made.norms[id(node.operation)] = last.operation
        made.folded.add(id(last))
    follower = calls.follower(last)
    if rule.output == LEARNED and follower is not None:
        after = made.rules[id(follower.operation)]
        if after.joins or (
            rule.fuses_relu and is_relu(follower.operation) and after.output != FLOAT
        ):
            made.unrounded.add(id(node))
    learned_or_fixed = rule.output == LEARNED or isinstance(rule.output, tuple)
    if learned_or_fixed and calls.makes_output(last) and calls.times[id(node.operation)] == 1:
        made.ends.add(id(node.operation))


def _can_fold(node: Any, calls: _Calls, made: Plan) -> bool:
    follower = calls.follower(node)
    return (
        follower is not None
        and is_by_channel(follower.operation)
        and made.rules[id(follower.operation)].output != FLOAT
        and calls.times[id(follower.operation)] == calls.times[id(node.operation)] == 1
        and follower.operation.dtype_policy == unwrapped(node.operation).dtype_policy
    )


class _Calls:
    """The calls of a model and of the models inside it, and who reads what."""

    def __init__(self, model: Any) -> None:
        self.nodes: list[Any] = []
        self.times: dict[int, int] = {}
        self.nested_inputs: set[int] = set()
        self._readers: dict[int, list[Any]] = {}
        self._ends: set[int] = set()
        self._seen: set[int] = set()
        net = functional(model)
        self._outputs = {id(tensor) for tensor in net.outputs}
        self._walk(net)

    def _walk(self, net: Any) -> None:
        self._seen.add(id(net))
        self._ends |= {id(tensor) for tensor in net.outputs}
        for node in nodes_in_order(net):
            if node.is_input:
                continue
            self.nodes.append(node)
            self.times[id(node.operation)] = self.times.get(id(node.operation), 0) + 1
            for tensor in node.input_tensors:
                self._readers.setdefault(id(tensor), []).append(node)
            if is_graph(node.operation):
                inner = functional(node.operation)
                if id(inner) not in self._seen:
                    self.nested_inputs |= {id(tensor) for tensor in inner.inputs}
                    self._walk(inner)

    def follower(self, node: Any) -> Any:
        """Return the only call that reads the only output of a call, else None."""
        if len(node.outputs) != 1 or id(node.outputs[0]) in self._ends:
            return None
        readers = self._readers.get(id(node.outputs[0]), [])
        only = readers[0] if len(readers) == 1 else None
        return None if only is None or is_graph(only.operation) else only

    def makes_output(self, node: Any) -> bool:
        """Whether the only output of a call is an output of the whole model."""
        return len(node.outputs) == 1 and id(node.outputs[0]) in self._outputs
