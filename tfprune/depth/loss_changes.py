"""What a model's loss would be without each of its blocks: measured, or estimated at once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from tfprune.criteria.observe import observe
from tfprune.depth.blocks import RemovableBlock
from tfprune.depth.tapping import critic_of, tapped
from tfprune.errors import PruneError


def loss_changes(model: Any, blocks: list[RemovableBlock], data: Any, loss: Any) -> list[float]:
    """Return the mean loss without each block minus that of the whole model."""
    critic = critic_of(model, loss)
    bypassed: list[Any] = []  # one boolean for each block, while a batch runs

    def answer(i: int, out: Any, x: Any) -> Any:
        return ops.where(bypassed[0][i], x, out) if bypassed else out

    copy = tapped(model, blocks, answer)
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


def estimates(model: Any, blocks: list[RemovableBlock], data: Any, loss: Any) -> list[float]:
    """Return the mean over samples of the size of its estimate, to first order, for each block."""
    critic = critic_of(model, loss)
    found: list[tuple[int, Any, Any]] = []
    tapes: list[tf.GradientTape] = []

    def answer(i: int, out: Any, x: Any) -> Any:
        if tapes:
            tapes[-1].watch(out)
            found.append((i, out, x))
        return out

    copy = tapped(model, blocks, answer)
    totals: NDArray[Any] = np.zeros(len(blocks))
    samples = 0

    def measure(x: Any, y: Any, weights: Any) -> dict[str, Any]:
        if y is None:
            raise PruneError(
                "estimate the loss without blocks", "the data has no targets", _TARGETS
            )
        found.clear()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tapes.append(tape)
            predicted = copy(x, training=False)
            total = critic.compute_loss(x, y, predicted, weights, training=False)
            tapes.clear()
        count = ops.shape(keras.tree.flatten(x)[0])[0]
        changes = [ops.zeros((count,)) for _ in blocks]
        gradients = tape.gradient(total, [out for _, out, _ in found])
        for (i, out, before), gradient in zip(found, gradients, strict=True):
            if gradient is not None:  # else the loss does not depend on it
                branch = ops.cast(out, "float32") - ops.cast(before, "float32")
                product = ops.reshape(branch * ops.cast(gradient, "float32"), (count, -1))
                changes[i] += ops.sum(product, axis=1) * ops.cast(count, "float32")
        return {"sizes": ops.sum(ops.abs(ops.stack(changes)), axis=1), "samples": count}

    def take(batch: dict[str, NDArray[Any]]) -> None:
        nonlocal totals, samples
        totals = totals + batch["sizes"]
        samples += int(batch["samples"])

    observe(model, measure, take, data, None, f"estimate the loss of {model.name!r} without blocks")
    return [float(total) for total in totals / samples]
