"""Transformer layers as one block: attention and the feed-forward part behind it."""

from __future__ import annotations

from typing import Any

import keras

from tfprune.depth.blocks import RemovableBlock, called_layers, unlike
from tfprune.depth.bypassing import between, flat, with_nested
from tfprune.graph import Calls, nets
from tfprune.keras_facts import op_name

_Cut = tuple[Any, int]


class WholeLayer(RemovableBlock):
    """A transformer layer: its cuts lie one behind the other, from its input to its output."""

    @property
    def spans(self) -> list[tuple[_Cut, _Cut]]:
        """The one way through all of it."""
        return [(self.cuts[0], self.cuts[-1])]


def whole_layers(
    model: Any, blocks: list[RemovableBlock]
) -> list[tuple[WholeLayer, list[RemovableBlock]]]:
    """Return each transformer layer that some of the residual blocks make up, with those.

    A layer is one or more attention blocks (a decoder has two) and, directly behind them, a block
    without attention that treats each position alone. Between them a normalization may lie, and
    behind them another (Vaswani et al. 2017, arXiv 1706.03762, "post-norm"), which then goes too.
    Where anything else reads what is between them they stay blocks of their own.
    """
    found = []
    for path, net in nets(model):
        stream = _Stream(Calls(net), blocks)
        for block in blocks:
            if stream.has(block) and not stream.attends(block) and stream.is_pointwise(block):
                parts = stream.attention_before(block)
                whole = stream.whole([*parts, block], path) if parts else None
                if whole is not None:
                    found.append((whole, [*parts, block]))
    return found


class _Stream:
    """The residual blocks of one Functional model, and which of them follows which.

    Args:
        calls: Of the model.
        blocks: All of the whole model.
    """

    def __init__(self, calls: Calls, blocks: list[RemovableBlock]) -> None:
        self._calls = calls
        own = {id(node) for node in calls.nodes}
        self._blocks = {
            id(b.cuts[0][0]): b
            for b in blocks
            if len(b.cuts) == 1 and id(b.cuts[0][0]) in own and len(flat(b.cuts[0][0])) > 1
        }

    def has(self, block: RemovableBlock) -> bool:
        return any(one is block for one in self._blocks.values())

    def attends(self, block: RemovableBlock) -> bool:
        return any(_is_attention(node.operation) for node in with_nested(self._branch(block)))

    def is_pointwise(self, block: RemovableBlock) -> bool:
        """Whether the branch mixes no positions: no wide convolution, nothing recurrent."""
        operations = [node.operation for node in with_nested(self._branch(block))]
        wide = [max(getattr(op, "kernel_size", None) or (1,)) > 1 for op in operations]
        return not any(wide) and not any(isinstance(op, keras.layers.RNN) for op in operations)

    def attention_before(self, block: RemovableBlock) -> list[RemovableBlock]:
        """Return the attention blocks directly before this one, first to last."""
        parts: list[RemovableBlock] = []
        before = self._before(block)[0]
        while before is not None and self.attends(before):
            parts.insert(0, before)
            before = self._before(before)[0]
        return parts

    def whole(self, parts: list[RemovableBlock], path: tuple[str, ...]) -> WholeLayer | None:
        """Return the layer of these blocks, None where something reads what is inside it."""
        cuts: list[_Cut] = [parts[0].cuts[0]]
        for part in parts[1:]:
            norm = self._before(part)[1]
            cuts += [*([_through(norm)] if norm is not None else []), part.cuts[0]]
        last = cuts[-1][0].outputs[0]
        if len(cuts) > len(parts) and self._calls.read_once(last):  # post-norm
            tail = self._calls.readers(last)[0]
            cuts += [_through(tail)] if _is_normalization(tail.operation) else []
        end = cuts[-1][0]
        nodes = [*(n for part in parts for n in self._branch(part)), *(node for node, _ in cuts)]
        own = {id(node) for node in nodes}
        inner = [tensor for node in nodes if node is not end for tensor in node.outputs]
        read = [id(reader) in own for tensor in inner for reader in self._calls.readers(tensor)]
        out = any(id(tensor) in self._calls.outputs for tensor in inner)
        start = flat(cuts[0][0])[cuts[0][1]]
        if not all(read) or out or unlike(start, end.outputs[0]):
            return None
        labels = [part.name.rpartition("/")[2] for part in parts]
        name = "/".join((*path, "+".join(labels)))
        return WholeLayer(name, called_layers(nodes), tuple(cuts))

    def _branch(self, block: RemovableBlock) -> list[Any]:
        merge, place = block.cuts[0]
        x = flat(merge)[place]
        others = [tensor for tensor in merge.input_tensors if tensor is not x]
        found = between(self._calls, x, others)
        return found or between(self._calls, self._calls.origin(x), others)

    def _before(self, block: RemovableBlock) -> tuple[RemovableBlock | None, Any]:
        """Return the block that gives this one its input, and the normalization in between."""
        merge, place = block.cuts[0]
        maker = self._calls.maker(self._calls.origin(flat(merge)[place]))
        norm = None
        if maker is not None and _is_normalization(maker.operation):
            norm, source = maker, self._calls.origin(maker.input_tensors[0])
            maker = self._calls.maker(source)
        return self._blocks.get(id(maker)), norm


def _through(node: Any) -> _Cut:
    """Return the cut that makes a call give back what it reads."""
    place = next(j for j, tensor in enumerate(flat(node)) if tensor is node.input_tensors[0])
    return node, place


def _is_attention(operation: Any) -> bool:
    name = op_name(operation)
    return name in ("Softmax", "DotProductAttention") or (
        isinstance(operation, keras.layers.Layer)
        and ("attention" in type(operation).__name__.lower() or _is_softmax(operation))
    )


def _is_softmax(layer: Any) -> bool:
    softmax = keras.activations.softmax
    return isinstance(layer, keras.layers.Softmax) or getattr(layer, "activation", 0) is softmax


def _is_normalization(operation: Any) -> bool:
    name = type(operation).__name__
    return isinstance(operation, keras.layers.Layer) and name.endswith(("Normalization", "Norm"))
