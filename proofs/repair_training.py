"""Training of pruned ResNets, from the recalibrated and from the repaired network."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from proofs.data import Images
from proofs.training import accuracy, augmented, fused_norms, normalise

STARTS = ("recalibrated", "repaired")
_HEAD = """
## Trained afterwards

`python -m proofs.repair --finetune`; the rows:
[measured/repair_training.jsonl](measured/repair_training.jsonl). Each start is trained on the same
images in the same order, augmented, in batches of {batch}; the rate falls as a cosine to zero; SGD
has momentum 0.9, Nesterov and weight decay 1e-4. Accuracy in per cent before (in training
mode, where BatchNorm normalizes by the batch) → after.

| network | criterion | fewer | optimizer | rate | epochs | images | tested | {starts} | ahead |
|---|---|---:|---|---:|---:|---:|---:|{lines}---:|
"""
BATCH = 128


@dataclass(frozen=True, kw_only=True)
class Trained:
    """One start, trained; accuracies from 0 to 1.

    Args:
        target: How many times fewer MACs were asked for.
        draw: Which draw of unlabelled images.
        rate: The highest learning rate.
        images: Training images in an epoch.
        before, after: Accuracy as it starts and ends.
        by_batch: Accuracy as it starts, in training mode: normalized by statistics of batches.
    """

    network: str
    criterion: str
    target: float
    draw: int
    optimizer: str
    rate: float
    epochs: int
    images: int
    test_images: int
    start: str
    before: float = 0.0
    after: float = 0.0
    by_batch: float | None = None
    loss: float = 0.0
    seconds: float = 0.0

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return *self.cell, self.start

    @property
    def cell(self) -> tuple[Any, ...]:
        """What is compared with one another."""
        asked = self.network, self.criterion, self.target, self.draw
        return *asked, self.optimizer, self.rate, self.epochs, self.images, self.test_images


def train_start(start: keras.Model, images: Images, asked: Trained) -> Trained:
    """Train a copy of a network as `asked` says; return it with what was measured."""
    model = keras.models.clone_model(start)
    model.set_weights(start.get_weights())
    test = normalise(images.test_x[: asked.test_images]), images.test_y[: asked.test_images]
    x, y = images.train_x[: asked.images], images.train_y[: asked.images]
    keras.utils.set_random_seed(asked.draw)
    data = augmented(normalise(x), y, BATCH, asked.draw)
    schedule = keras.optimizers.schedules.CosineDecay(asked.rate, asked.epochs * len(data))
    optimizer: Any = keras.optimizers.Adam(schedule)
    if asked.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(schedule, 0.9, nesterov=True, weight_decay=1e-4)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before, by_batch, started = accuracy(model, *test), in_training(model, *test), time.monotonic()
    model.set_weights(start.get_weights())
    with fused_norms(model):
        losses = model.fit(data, epochs=asked.epochs, verbose=0).history["loss"]
    return replace(
        asked,
        before=before,
        by_batch=by_batch,
        after=accuracy(model, *test),
        loss=round(losses[-1], 4),
        seconds=round(time.monotonic() - started, 1),
    )


def in_training(model: keras.Model, x: NDArray[np.float32], y: NDArray[np.int64]) -> float:
    """Return the share that is right in training mode; moving statistics change."""
    right = [
        np.asarray(model(x[at : at + BATCH], training=True)).argmax(-1) == y[at : at + BATCH]
        for at in range(0, len(x) - BATCH + 1, BATCH)
    ]
    return float(np.mean(right))


def section(rows: Iterable[Trained]) -> str:
    """Return the part of docs/repair.md on training; the mean where there are several draws."""
    cells: dict[tuple[Any, ...], dict[str, list[Trained]]] = {}
    for row in rows:
        cell = row.cell[:3] + row.cell[4:]
        cells.setdefault(cell, {}).setdefault(row.start, []).append(row)
    if not cells:
        return ""
    head = _HEAD.format(batch=BATCH, starts=" | ".join(STARTS), lines="---:|" * len(STARTS))
    return head + "\n".join(_line(cell, cells[cell]) for cell in sorted(cells)) + "\n"


def _line(cell: tuple[Any, ...], starts: Mapping[str, list[Trained]]) -> str:
    network, criterion, target, optimizer, rate, epochs, images, test_images = cell
    shown = [_journey(starts[start]) if start in starts else "-" for start in STARTS]
    ends = [statistics.mean(r.after for r in starts[start]) for start in STARTS if start in starts]
    ahead = f"{100 * (ends[-1] - ends[0]):+.1f}" if len(ends) == len(STARTS) else "-"
    return (
        f"| {network} | {criterion} | {target:g}x | {optimizer} | {rate:g} | {epochs} | "
        f"{images:,} | {test_images:,} | {' | '.join(shown)} | {ahead} |"
    )


def _journey(rows: list[Trained]) -> str:
    by_batch = [row.by_batch for row in rows if row.by_batch is not None]
    as_trained = f" ({_mean(by_batch)})" if by_batch else ""
    ends = _mean(row.after for row in rows)
    return f"{_mean(row.before for row in rows)}{as_trained} → {ends}"


def _mean(shares: Iterable[float]) -> str:
    return f"{100 * statistics.mean(shares):.1f}"
