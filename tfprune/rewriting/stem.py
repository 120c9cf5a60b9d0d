"""A first convolution on one channel becomes one on three."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers

from tfprune.rewriting.editing import Edits, Make, New, fill
from tfprune.rewriting.part import is_entry, padding_of
from tfprune.rewriting.records import EXACT, Change


def widen_stem(edits: Edits) -> None:
    """Let a first convolution on a grey image read it three times: sparse kernels want 3 channels.

    The kernel gets zeros for the second and third channel.
    """
    for node in edits.calls.nodes:
        layer = node.operation
        if is_entry(node, channels=1) and len(edits.calls.of(layer)) == 1:
            edits.instead(node, _widened(edits, node))
            what = "reads its one channel three times, with zero weights for the copies"
            edits.changes.append(Change(layer.name, what, EXACT))


def _widened(edits: Edits, node: Any) -> Make:
    layer, padding = node.operation, padding_of(edits.calls, node)
    name = edits.name(f"{layer.name}_channels")

    def make(new: New) -> Any:
        x = new((padding or node).input_tensors[0])
        x = layers.Concatenate(name=name)([x, x, x])
        if padding is not None:
            x = layers.ZeroPadding2D(padding.operation.padding, name=f"{name}_pad")(x)
        fresh = type(layer).from_config(layer.get_config())
        result = fresh(x)
        kernel = np.zeros(fresh.kernel.shape, "float32")
        kernel[:, :, :1] = np.asarray(layer.kernel)
        fill(fresh, layer, kernel=kernel)
        if layer.use_bias:
            fill(fresh, layer, bias=np.asarray(layer.bias))
        return result

    return make
