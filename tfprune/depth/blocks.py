"""Which blocks and layers of a model can be taken out, so that their input goes straight on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import keras

from tfprune.depth.bypassing import Cuts, between, flat, label, with_nested
from tfprune.graph import Calls, is_graph, nets
from tfprune.keras_facts import SCALED_SUM, class_path, is_keras_layer, op_name, sublayers
from tfprune.layer_names import inner_path


@dataclass(frozen=True, eq=False)
class RemovableBlock:
    """A residual block, or a single layer, that may be removed from a model.

    Args:
        name: Of the addition that closes the block, or of the layer, after the names of the
            nested models around it: `"backbone/conv2_block1_add"`.
        layers: The layers that go with it, in calling order.
        cuts: `(node, operand)`: the calls that will give back that one of their flat arguments.
        reason: Why it can't be removed; None if it can.
    """

    name: str
    layers: tuple[Any, ...]
    cuts: tuple[tuple[Any, int], ...]
    reason: str | None = None

    @property
    def bypass(self) -> Cuts:
        """Its cuts as `{id(node): operand}`."""
        return {id(node): operand for node, operand in self.cuts}

    @property
    def spans(self) -> list[tuple[tuple[Any, int], tuple[Any, int]]]:
        """The first and last cut of each way through it."""
        return [(cut, cut) for cut in self.cuts]


def find_blocks(model: Any) -> list[RemovableBlock]:
    """Return every residual block and composite layer of a model, in calling order.

    A residual block is an addition of `x` and `f(x)` (the layer Add, `+`, `keras.ops.add`). A
    composite layer is a custom layer with layers and weights inside, such as a transformer layer.
    Those that can't be removed are returned too, with the reason.

    Args:
        model: A Functional or built Sequential model.

    Raises:
        PruneError: the model is subclassed or not built.

    Example:
        >>> x = keras.Input((4,))
        >>> y = keras.layers.Add(name="add")([x, keras.layers.Dense(4, name="f")(x)])
        >>> [(b.name, [layer.name for layer in b.layers]) for b in find_blocks(keras.Model(x, y))]
        [('add', ['f'])]
    """
    blocks: list[RemovableBlock] = []
    inside: dict[int, str] = {}
    composites: dict[int, Any] = {}
    for path, net in nets(model):
        calls = Calls(net)
        for node in calls.nodes:
            if _is_merge(node):
                block, branch = _residual(
                    calls, "/".join(inner_path(path, label(calls, node))), node
                )
                blocks.append(block)
                inside.update({id(n): block.name for n in with_nested(branch)})
            elif _is_composite(node.operation):
                composites.setdefault(id(node.operation), node.operation)
    for layer in composites.values():
        blocks.append(_unless_inside(single_layer(model, layer), inside))
    return blocks


def single_layer(model: Any, layer: Any) -> RemovableBlock:
    """Return any layer of the model as a block: all its calls are bypassed together."""
    own = [(path, node) for path, net in nets(model) for node in Calls(net).of(layer)]
    name = "/".join(inner_path(own[0][0], layer.name))
    reasons = [reason for _, node in own if (reason := _misfit(node))]
    cuts = () if reasons else tuple((node, 0) for _, node in own)
    return RemovableBlock(name, (layer,), cuts, reasons[0] if reasons else None)


def _residual(calls: Calls, name: str, merge: Any) -> tuple[RemovableBlock, list[Any]]:
    """Return the block that an addition closes, and the calls of its branch."""
    for x in merge.input_tensors:
        others = [t for t in merge.input_tensors if t is not x]
        branch = between(calls, x, others) or between(calls, calls.origin(x), others)
        if branch:
            layers = called_layers(branch)
            reason = _why_not(calls, merge, x, branch, layers)
            place = next(j for j, t in enumerate(flat(merge)) if t is x)
            return RemovableBlock(name, layers, () if reason else ((merge, place),), reason), branch
    reason = "not a residual block: no operand of the addition is made from another as it is"
    return RemovableBlock(name, (), (), reason), []


def _why_not(
    calls: Calls, merge: Any, x: Any, branch: list[Any], layers: tuple[Any, ...]
) -> str | None:
    own = {id(node) for node in (*branch, merge)}
    for node in branch:
        for tensor in node.outputs:
            others = [n for n in calls.readers(tensor) if id(n) not in own]
            if others:
                return f"{others[0].operation.name!r} reads {node.operation.name!r} inside it"
            if id(tensor) in calls.outputs:
                return f"{node.operation.name!r} inside it is an output of the model"
    weighted = [layer for layer in layers if layer.weights]
    if not weighted:
        return "its branch has no weights"
    if all("Embedding" in type(layer).__name__ for layer in weighted):
        return "it only adds an embedding, such as that of the positions"
    return unlike(x, merge.outputs[0])


def _is_merge(node: Any) -> bool:
    operation = node.operation
    adds = type(operation) is keras.layers.Add or op_name(operation) == "Add"
    # InceptionResNetV2 adds x and f(x) in a layer of its own: x + scale * f(x).
    adds = adds or class_path(operation) == SCALED_SUM
    return adds and len(node.input_tensors) > 1


def _is_composite(operation: Any) -> bool:
    return (
        isinstance(operation, keras.layers.Layer)
        and not is_graph(operation)
        and not is_keras_layer(operation)
        and bool(sublayers(operation) and operation.weights)
    )


def _unless_inside(block: RemovableBlock, inside: dict[int, str]) -> RemovableBlock:
    around = [inside[id(node)] for node, _ in block.cuts if id(node) in inside]
    if not around:
        return block
    reason = f"it lies inside the block {around[0]!r}; name it in layers= to remove it alone"
    return replace(block, cuts=(), reason=reason)


def _misfit(node: Any) -> str | None:
    first = node.arguments.args[0] if node.arguments.args else None
    if not isinstance(first, keras.KerasTensor):
        return "its first argument is not one tensor"
    if len(node.outputs) != 1:
        return f"it gives {len(node.outputs)} outputs"
    return unlike(first, node.outputs[0])


def unlike(before: Any, after: Any) -> str | None:
    """Return how two tensors differ in shape or dtype, None if they do not."""
    if (before.shape, before.dtype) == (after.shape, after.dtype):
        return None
    return f"its input is {before.dtype} {before.shape}, its output {after.dtype} {after.shape}"


def called_layers(nodes: list[Any]) -> tuple[Any, ...]:
    """Return the layers that these calls call, each once, in their order."""
    found = {id(n.operation): n.operation for n in nodes}
    return tuple(op for op in found.values() if isinstance(op, keras.layers.Layer))
