"""A copy of a model that shows what goes into its blocks and what comes out, and its loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from tfprune.depth.blocks import RemovableBlock
from tfprune.errors import PruneError
from tfprune.graph import Clones, replay
from tfprune.keras_internals import loss_weights


class _Tap(keras.layers.Layer):
    """Shows a function what goes into a block and what comes out, and passes on its answer."""

    def __init__(self, answer: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.answer = answer
        self.supports_masking = True

    def call(self, out: Any, x: Any) -> Any:
        return self.answer(out, x)


def tapped(model: Any, blocks: list[RemovableBlock], answer: Callable[[int, Any, Any], Any]) -> Any:
    """Return a copy of the model that hands `(block's place, out, x)` to `answer` as it runs."""
    begins: dict[int, list[tuple[int, int]]] = {}
    ends: dict[int, list[int]] = {}
    for i, block in enumerate(blocks):
        for first, last in block.spans:
            begins.setdefault(id(first[0]), []).append((i, first[1]))
            ends.setdefault(id(last[0]), []).append(i)
    begun: dict[int, Any] = {}

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        out = operation(*args, **kwargs)
        for i, operand in begins.get(id(node), ()):
            begun[i] = keras.tree.flatten((args, kwargs))[operand]
        for i in ends.get(id(node), ()):
            out = _Tap(partial(answer, i))(keras.tree.flatten(out)[0], begun[i])
        return out

    clones = Clones(model)
    copy = replay(model, clones.of, call=call)
    clones.copy_weights()
    return copy


def critic_of(model: Any, loss: Any) -> Any:
    """Return a model of nothing, compiled with the loss, to compute it with Keras' own rules."""
    weights = None
    if loss is None and model.compiled:
        loss, weights = model.loss, loss_weights(model)
    if loss is None:
        raise PruneError(
            f"rank the blocks of {model.name!r} by their loss",
            "the model is not compiled with a loss",
            "pass loss='sparse_categorical_crossentropy' or whatever it was trained with",
        )
    critic = keras.Model()
    critic.output_names = model.output_names
    critic.compile(loss=loss, loss_weights=weights, jit_compile=False)
    return critic
