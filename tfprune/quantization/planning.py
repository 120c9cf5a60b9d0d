"""What happens to each layer call: its rule, what is folded, where ranges are learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from tfprune.graph import Calls, is_graph
from tfprune.graph.structure import functional
from tfprune.keras_facts import op_name
from tfprune.layer_names import Names, Selection
from tfprune.notes import Note
from tfprune.quantization.folding import is_by_channel
from tfprune.quantization.ids import never_negative
from tfprune.quantization.reads import Reads
from tfprune.quantization.rules import FLOAT, LEARNED, Int8Rule, find_rule
from tfprune.quantization.rules.activations import is_relu
from tfprune.quantization.rules.rule import left_alone
from tfprune.quantization.slicing import SPLITS
from tfprune.wrapping import bare

_INDICES = "it computes indices, which rounding would change"
_KEPT = "left float as asked (keep_float)"
# From here on a step of int8 is wider than 4, and a softmax sees its largest score alone.
_HUGE = 1000.0
_ABOVE_ZERO = ("Add", "Maximum")
_NOT_AT_ZERO = ("Sqrt", "Rsqrt", "Log", "Log10", "Log1p", "Log2", "Reciprocal")
_INSIDE = "it is part of the layer around it, which is rounded, or stays float, as a whole"


@dataclass(kw_only=True)
class Int8Plan:
    """How each call of each layer is quantized; layers, calls and tensors go by `id`.

    Args:
        rules: Operation → its rule.
        norms: Operation → the BatchNormalization folded into it.
        folded: Calls of these BatchNormalizations, which vanish.
        unrounded: Calls whose output is rounded behind the relu or concatenation that follows.
        ends: Operations that round their own output, so that the model's outputs keep their names.
        numbers: Calls → the tensors that they compute with, to be rounded; they get others as they
            are.
        dtypes: Tensors of integers and bools → their dtype.
        sliced: Calls that split a tensor into parts of which somebody reads some only.
        ids: Tables whose ids are never below zero.
        untouched: Calls that read and make no numbers, and stay as they are.
        nested_inputs: Input tensors of nested models, which come rounded.
        notes: Layers left alone, and why.
    """

    rules: dict[int, Int8Rule] = field(default_factory=dict)
    norms: dict[int, Any] = field(default_factory=dict)
    folded: set[int] = field(default_factory=set)
    unrounded: set[int] = field(default_factory=set)
    ends: set[int] = field(default_factory=set)
    numbers: dict[int, set[int]] = field(default_factory=dict)
    dtypes: dict[int, str] = field(default_factory=dict)
    sliced: set[int] = field(default_factory=set)
    ids: set[int] = field(default_factory=set)
    untouched: set[int] = field(default_factory=set)
    nested_inputs: set[int] = field(default_factory=set)
    notes: list[Note] = field(default_factory=list)


def plan(model: Any, keep_float: Selection) -> Int8Plan:
    """Return what `quantize_model` will do to a model.

    Args:
        model: A Functional or built Sequential model.
        keep_float: The layers that are left alone.

    Raises:
        PruneError: the model is subclassed or not built, or a name fits no layer.
    """
    nets = _Nets(model)
    names = Names(model)
    operations = {id(n.operation): n.operation for n in nets.nodes if not is_graph(n.operation)}
    keep_float.check((names.of(operation) for operation in operations.values()), _INSIDE)
    made = Int8Plan()
    for operation in operations.values():
        kept = keep_float.means(names.of(operation))
        rule = left_alone(_KEPT) if kept else find_rule(bare(operation))
        made.rules[id(operation)] = rule
    for node in nets.nodes:
        if _keeps_from_zero(node, nets):
            why = "int8 would round away the small number that keeps what follows from zero"
            made.rules[id(node.operation)] = left_alone(why)
    made.ids = {key for key, operation in operations.items() if nets.has_ids_from_zero(operation)}
    _tell_numbers(nets, made, names)
    for node in nets.nodes:
        if not is_graph(node.operation):
            _look_ahead(node, nets, made)
            if op_name(node.operation) in SPLITS and not all(map(nets.is_read, node.outputs)):
                made.sliced.add(id(node))
            _tell_fill(node, made, names)
    return made


def _tell_numbers(nets: _Nets, made: Int8Plan, names: Names) -> None:
    """Find what each call computes with; a call without numbers is no matter of int8."""
    reads = Reads(nets.models, made.rules)
    computing = {}
    for node in nets.nodes:
        operation = node.operation
        made.numbers[id(node)] = reads.numbers(node)
        tensors = (*node.input_tensors, *node.outputs)
        made.dtypes.update({id(t): reads.dtype(t) for t in tensors if reads.is_whole(t)})
        if reads.computes(node):
            computing[id(operation)] = operation
            continue
        made.untouched.add(id(node))
        if any(reads.is_exact(t) and not reads.is_unread(t) for t in node.outputs):
            made.notes.append(Note(names.path_of(operation), f"stays float: {_INDICES}"))
    made.nested_inputs = {id(tensor) for tensor in nets.nested_inputs if reads.is_number(tensor)}
    for key, rule in made.rules.items():
        if key not in computing:
            made.rules[key] = left_alone("")
        elif rule.reason:
            made.notes.append(Note(names.path_of(computing[key]), f"stays float: {rule.reason}"))
    _join_floats(nets, made)


def _join_floats(nets: _Nets, made: Int8Plan) -> None:
    """Let floats that a layer left alone makes be rounded where they are joined, and not before.

    Where somebody reads such a float as it is, too, the converter of TensorFlow 2.21 cannot give it
    the joint range, and refuses the model.
    """
    floats = {
        id(tensor)
        for node in nets.nodes
        if not is_graph(node.operation) and made.rules[id(node.operation)].output == FLOAT
        for tensor in node.outputs
        if id(tensor) not in made.dtypes
    }
    for node in nets.nodes:
        if not is_graph(node.operation) and made.rules[id(node.operation)].joins:
            made.numbers[id(node)] -= floats


def _keeps_from_zero(node: Any, nets: _Nets) -> bool:
    """Whether a call adds a number, or takes at least it, before a root or a division."""
    if is_graph(node.operation) or op_name(node.operation) not in _ABOVE_ZERO:
        return False
    follower = nets.follower(node)
    if follower is None or all(isinstance(x, keras.KerasTensor) for x in node.arguments.args):
        return False
    after = op_name(follower.operation)
    divides = after in ("Divide", "TrueDivide") and any(
        x is node.outputs[0] for x in follower.arguments.args[1:]
    )
    return divides or after in _NOT_AT_ZERO


def _tell_fill(node: Any, made: Int8Plan, names: Names) -> None:
    """Note a constant of the user's that makes the range of what is computed with it."""
    rounded = made.rules[id(node.operation)].output != FLOAT and id(node) not in made.untouched
    if not rounded or isinstance(node.operation, keras.layers.Layer):
        return
    given = keras.tree.flatten((node.arguments.args, node.arguments.kwargs))
    constants = [np.asarray(x) for x in given if not isinstance(x, keras.KerasTensor)]
    floats = [x for x in constants if x.dtype.kind == "f"]
    largest = max((float(np.abs(x).max(initial=0.0)) for x in floats), default=0.0)
    if largest >= _HUGE:
        found = f"computes with {largest:.3g}: a step of int8 may be {largest / 255:.2g} there"
        fix = "fill masked scores by ops.where, which stays float, or with about -30"
        made.notes.append(Note(names.path_of(node.operation), f"{found}; {fix}"))


def _look_ahead(node: Any, nets: _Nets, made: Int8Plan) -> None:
    rule = made.rules[id(node.operation)]
    last = node
    if rule.fuses_norm and _can_fold(node, nets, made):
        last = nets.follower(node)
        made.norms[id(node.operation)] = last.operation
        made.folded.add(id(last))
    follower = nets.follower(last)
    if rule.output == LEARNED and follower is not None:
        after = made.rules[id(follower.operation)]
        if after.joins or (
            rule.fuses_relu and is_relu(follower.operation) and after.output != FLOAT
        ):
            made.unrounded.add(id(node))
    learned_or_fixed = rule.output == LEARNED or isinstance(rule.output, tuple)
    if learned_or_fixed and nets.makes_output(last) and nets.is_called_once(node.operation):
        made.ends.add(id(node.operation))


def _can_fold(node: Any, nets: _Nets, made: Int8Plan) -> bool:
    follower = nets.follower(node)
    return (
        follower is not None
        and is_by_channel(follower.operation)
        and made.rules[id(follower.operation)].output != FLOAT
        and nets.is_called_once(follower.operation)
        and nets.is_called_once(node.operation)
        and follower.operation.dtype_policy == bare(node.operation).dtype_policy
    )


class _Nets:
    """The calls of a model and of the models inside it, each model once."""

    def __init__(self, model: Any) -> None:
        self._whole = Calls(model)
        self._nets: dict[int, Calls] = {}
        self.nested_inputs: list[Any] = []
        self.models: list[Calls] = []
        self.nodes = list(self._walk(self._whole, {id(functional(model))}))
        self._times = Counter(id(node.operation) for node in self.nodes)

    def _walk(self, calls: Calls, seen: set[int]) -> Iterator[Any]:
        for node in calls.nodes:
            self._nets[id(node)] = calls
            yield node
            inner = functional(node.operation) if is_graph(node.operation) else None
            if inner is not None and id(inner) not in seen:
                seen.add(id(inner))
                self.nested_inputs += inner.inputs
                yield from self._walk(Calls(inner), seen)
        self.models.append(calls)

    def is_read(self, tensor: Any) -> bool:
        """Whether anybody reads a tensor, or it is an output of its model."""
        return any(net.readers(tensor) or id(tensor) in net.outputs for net in self.models)

    def has_ids_from_zero(self, operation: Any) -> bool:
        """Whether a layer is a table, and no id that it is given is below zero."""
        return isinstance(bare(operation), keras.layers.Embedding) and all(
            never_negative(self._nets[id(node)], node.input_tensors[0])
            for node in self.nodes
            if node.operation is operation
        )

    def is_called_once(self, operation: Any) -> bool:
        """Whether a layer or operation is called once only."""
        return self._times[id(operation)] == 1

    def follower(self, node: Any) -> Any:
        """Return the only call that reads the only output of a call, else None."""
        calls = self._nets[id(node)]
        if len(node.outputs) != 1 or not calls.read_once(node.outputs[0]):
            return None
        [only] = calls.readers(node.outputs[0])
        return None if is_graph(only.operation) else only

    def makes_output(self, node: Any) -> bool:
        """Whether the only output of a call is an output of the whole model."""
        return len(node.outputs) == 1 and id(node.outputs[0]) in self._whole.outputs
