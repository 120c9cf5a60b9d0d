"""How much a model loses with each of its blocks: the criteria of depth pruning."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from tfprune.criteria.observe import observe
from tfprune.depth.blocks import RemovableBlock
from tfprune.errors import PruneError
from tfprune.graph import Clones, replay
from tfprune.keras_internals import loss_weights

BlockCriterion = str | Callable[[RemovableBlock, Any], float]
CRITERIA = ("similarity", "loss")


def score_blocks(
    model: Any,
    blocks: list[RemovableBlock],
    criterion: BlockCriterion,
    data: Any = None,
    loss: Any = None,
) -> list[float]:
    """Return one score for each block; the lowest is the first to go.

    Args:
        model: The model that the blocks are part of, not changed.
        blocks: Removable ones.
        criterion: "similarity": 1 - the mean cosine similarity of what goes into a block and what
            comes out, over all samples and positions ("block influence", Men et al. 2024,
            "ShortGPT", arXiv 2403.03853, eq. 1). "loss": mean loss without the block minus mean
            loss with it. Or a function (block, model) → number.
        data: For the first two: what `fit` takes; batches of (inputs, targets) for "loss".
        loss: For "loss": a Keras loss, its name, or what `compile` takes; None for the model's.

    Raises:
        PruneError: data, targets or a loss are missing, or a score is not a number.
    """
    if callable(criterion):
        scores = [float(criterion(block, model)) for block in blocks]
    elif data is None:
        raise PruneError(
            f"rank the blocks of {model.name!r} by {criterion!r}",
            "the data is missing",
            "pass data=train_dataset.take(8), name the layers to remove, or pass a function",
        )
    elif criterion == "similarity":
        scores = _influences(model, blocks, data)
    else:
        scores = _loss_changes(model, blocks, data, loss)
    for block, score in zip(blocks, scores, strict=True):
        if math.isnan(score):
            raise PruneError(
                f"rank {block.name!r}", "its score is not a number", "check the data and the model"
            )
    return scores


class _Tap(keras.layers.Layer):
    """Shows a function what goes into a block and what comes out, and passes on its answer."""

    def __init__(self, answer: Callable[[Any, Any], Any]) -> None:
        super().__init__()
        self.answer = answer
        self.supports_masking = True

    def call(self, out: Any, x: Any) -> Any:
        return self.answer(out, x)


def _tapped(
    model: Any, blocks: list[RemovableBlock], answer: Callable[[int, Any, Any], Any]
) -> Any:
    """Return a copy of the model that hands `(block's place, out, x)` to `answer` as it runs."""
    cuts = {id(n): (i, operand) for i, b in enumerate(blocks) for n, operand in b.cuts}

    def call(node: Any, operation: Any, args: Any, kwargs: Any) -> Any:
        out = operation(*args, **kwargs)
        if id(node) not in cuts:
            return out
        i, operand = cuts[id(node)]
        x = keras.tree.flatten((args, kwargs))[operand]
        return _Tap(lambda out, x: answer(i, out, x))(keras.tree.flatten(out)[0], x)

    clones = Clones(model)
    copy = replay(model, clones.of, call=call)
    clones.copy_weights()
    return copy


def _influences(model: Any, blocks: list[RemovableBlock], data: Any) -> list[float]:
    found: list[tuple[int, Any]] = []

    def answer(i: int, out: Any, x: Any) -> Any:
        found.append((i, _cosine(out, x, _channel_axis(blocks[i]))))
        return out

    copy = _tapped(model, blocks, answer)
    sums, counts = np.zeros(len(blocks)), np.zeros(len(blocks))

    def measure(x: Any, *_: Any) -> dict[str, Any]:
        found.clear()
        copy(x, training=False)
        sums, sizes = ({f"{what}{j}": f(c) for j, (_, c) in enumerate(found)} for what, f in _PARTS)
        return {**sums, **sizes}

    def take(batch: dict[str, NDArray[Any]]) -> None:
        for j, (i, _) in enumerate(found):
            sums[i] += batch[f"sum{j}"]
            counts[i] += batch[f"size{j}"]

    asked = f"compare what goes in and out of blocks of {model.name!r}"
    observe(model, measure, take, data, None, asked)
    return [1 - float(mean) for mean in sums / counts]


_PARTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (("sum", ops.sum), ("size", ops.size))


def _cosine(a: Any, b: Any, axis: int) -> Any:
    """Return the cosine of the vectors along `axis`: 1 for two zero vectors, 0 for one."""
    a, b = ops.cast(a, "float32"), ops.cast(b, "float32")
    norms = ops.norm(a, axis=axis) * ops.norm(b, axis=axis)
    same = ops.all(ops.equal(a, b), axis=axis)
    return ops.where(same, 1.0, ops.sum(a * b, axis=axis) / ops.maximum(norms, 1e-30))


def _channel_axis(block: RemovableBlock) -> int:
    first = any(getattr(p, "data_format", "") == "channels_first" for p in block.layers)
    return 1 if first else -1


def _loss_changes(model: Any, blocks: list[RemovableBlock], data: Any, loss: Any) -> list[float]:
    critic = _critic(model, loss)
    bypassed: list[Any] = []  # one boolean for each block, while a batch runs

    def answer(i: int, out: Any, x: Any) -> Any:
        return ops.where(bypassed[0][i], x, out) if bypassed else out

    copy = _tapped(model, blocks, answer)
    # Row 0 is the whole model, row i + 1 the model without block i.
    choices = np.eye(len(blocks) + 1, len(blocks), k=-1, dtype=bool)
    losses: NDArray[Any] = np.zeros(len(blocks) + 1)
    samples = 0

    def measure(x: Any, y: Any, weights: Any) -> dict[str, Any]:
        if y is None:
            raise PruneError("rank blocks by their loss", "the data has no targets", _TARGETS)

        def loss_without(choice: Any) -> Any:
            bypassed[:] = [choice]
            predicted = copy(x, training=False)
            return critic.compute_loss(x, y, predicted, weights, training=False)

        values = ops.map(loss_without, ops.convert_to_tensor(choices))
        bypassed.clear()
        return {"losses": values, "samples": ops.shape(keras.tree.flatten(x)[0])[0]}

    def take(batch: dict[str, NDArray[Any]]) -> None:
        nonlocal losses, samples
        losses = losses + batch["losses"] * float(batch["samples"])
        samples += int(batch["samples"])

    asked = f"measure the loss of {model.name!r} without each block"
    observe(model, measure, take, data, None, asked)
    return [float(change) for change in (losses[1:] - losses[0]) / samples]


_TARGETS = "pass batches of (inputs, targets), or criterion='similarity'"


def _critic(model: Any, loss: Any) -> Any:
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
