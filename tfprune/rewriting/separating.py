"""Two convolutions behind the same padding: each gets one of its own that stays its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfprune.notes import Note
from tfprune.rewriting.carrying import carrier
from tfprune.rewriting.editing import Edits, Make, New
from tfprune.rewriting.part import SparsePart, padding_of
from tfprune.rewriting.records import EXACT, Change


def separate(edits: Edits) -> None:
    """Let the second reader of a padded map read a copy of it.

    XNNPACK takes a padding into the one convolution that reads it; the converter makes equal
    paddings of one map a single one. The copy is made by a depthwise convolution.
    """
    part = SparsePart(edits.calls)
    readers: dict[tuple[Any, ...], list[Any]] = {}
    for node in edits.calls.nodes:
        before = padding_of(edits.calls, node) if node in part else None
        if before is not None:
            key = (id(before.input_tensors[0]), before.operation.padding)
            readers.setdefault(key, []).append(node)
    for _, second, *others in (nodes for nodes in readers.values() if len(nodes) > 1):
        edits.instead(second, _copied(edits, second))
        what = "another layer reads the same padded map: a depthwise convolution copies it"
        edits.changes.append(Change(second.operation.name, what, EXACT))
        for node in others:
            reason = "more than two convolutions read the same padded map, XNNPACK fuses only one"
            edits.notes.append(Note(node.operation.name, reason))


def _copied(edits: Edits, node: Any) -> Make:
    layer, before = node.operation, padding_of(edits.calls, node)
    source = before.input_tensors[0]
    copy, pad = (edits.name(f"{layer.name}_{word}") for word in ("copy", "own_pad"))

    def make(new: New) -> Any:
        x = carrier(new(source), copy, np.ones(source.shape[-1], "float32"))
        x = layers.ZeroPadding2D(before.operation.padding, name=pad)(x)
        return edits.copy(layer)(x)

    return make
