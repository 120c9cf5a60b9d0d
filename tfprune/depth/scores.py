"""How much a model loses with each of its blocks: the criteria of depth pruning."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from tfprune.criteria.observe import observe
from tfprune.depth.blocks import RemovableBlock
from tfprune.depth.loss_changes import estimates, loss_changes
from tfprune.depth.tapping import tapped
from tfprune.errors import PruneError

BlockCriterion = str | Callable[[RemovableBlock, Any], float]
CRITERIA = ("similarity", "loss", "taylor")


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
            loss with it, one pass for each block. "taylor": the mean over samples of
            abs⟨g, out - x⟩, g the gradient of a sample's loss by what comes out: how much it
            changes, to first order, with a gate on what the block adds (Molchanov et al. 2019,
            arXiv 1906.10771, section 3.1 on gates, with the absolute value of each sample for their
            square), for all blocks in one pass. Or a function (block, model) → number.
        data: For the first three: what `fit` takes; batches of (inputs, targets) for the losses.
        loss: For "loss" and "taylor": a Keras loss, its name, or what `compile` takes; None for the
            model's.

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
    elif criterion == "taylor":
        scores = estimates(model, blocks, data, loss)
    else:
        scores = loss_changes(model, blocks, data, loss)
    for block, score in zip(blocks, scores, strict=True):
        if math.isnan(score):
            raise PruneError(
                f"rank {block.name!r}", "its score is not a number", "check the data and the model"
            )
    return scores


def _influences(model: Any, blocks: list[RemovableBlock], data: Any) -> list[float]:
    found: list[tuple[int, Any]] = []

    def answer(i: int, out: Any, x: Any) -> Any:
        found.append((i, _cosine(out, x, _channel_axis(blocks[i]))))
        return out

    copy = tapped(model, blocks, answer)
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
