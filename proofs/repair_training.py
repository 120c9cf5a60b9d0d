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
_FOUND = """
### Why repaired networks trained worse, and what was done

A least-squares fit makes outputs of less variance than the original's. BatchNorm was left the
original's moving statistics, by which that is right; in training it normalizes by the batch, which
stretches the outputs again and undoes the fit in every layer. Training started from another, worse
network than the one that was measured. Now repair *anchors* BatchNorm: its moving statistics become
those of its inputs, gamma and beta take up the difference, and the network computes the same in
both modes. Measured once, one draw, one seed, with anchoring and without:

| | as it starts | in training mode | loss of the epoch | ends on | ends, recalibrated |
|---|---:|---:|---:|---:|---:|
| ResNet-20, Taylor, 2x: recalibrated | 55.5 | 54.6 | 1.359 | 54.9 | 73.0 |
| repaired, not anchored | 82.1 | 74.8 | 0.949 | 80.7 | 82.1 |
| repaired | 82.1 | 80.6 | 0.833 | 78.4 | 82.7 |
| repaired, kernels scaled to their norm as sliced | 82.1 | 80.6 | 0.833 | 77.3 | 82.8 |
| MobileNetV2, 40 % of the filters: recalibrated | 10.7 | - | 2.241 | 11.9 | 25.5 |
| repaired, not anchored | 37.0 | - | 2.406 | 39.2 | 42.2 |
| repaired | 37.0 | - | 1.737 | 36.2 | 46.7 |

Both for 100 steps of Adam at 4e-4 in batches of 32 (3,200 training images) with BatchNorm's
momentum of 0.999, on 1,000 test images (training mode: 2,000, in batches of 128). MobileNetV2 is a
weak one, made for this: pretrained on ImageNet, one epoch on 3,200 images of CIFAR-10 at 64 px,
67.0 % right; l2, widths in eights, repaired on 512 images. Back then (and for SGD at 2x above)
the kernel of a residual branch was not yet fitted for the sum that it goes into.

- **The cause is BatchNorm's statistics.** Not anchored, MobileNetV2 had a higher loss in training
  than the recalibrated network, although it began right three times as often.
- **Not the norms of the kernels.** Repair makes them 1.0 to 1.8 times as large (ResNet-20), 0.9 to
  2.5 (MobileNetV2, median 1.2), which slows a layer in front of BatchNorm down. Scaled back, with
  BatchNorm taking up the scale (exactly the same function), training went the same way: not done.
- **Momentum 0.999** (keras.applications) leaves moving statistics behind the weights after a short
  training, from any start: `tfprune.recalibrate` after it gives back 1 to 18 points here.
- With momentum 0.9 and SGD at 0.01 (ResNet-20, 78 steps) anchoring made no difference: 83.6 %
  without, 83.5 with it.
- A better MobileNetV2, trained at 1e-4 and 4e-4: [repair_mobilenet.md](repair_mobilenet.md).
- **How long the advantage lasts.** The more is trained, the less is left of it; it did not turn.
  ResNet-20 at 2x is 3.2 points ahead after one epoch on 10,000 images and 1.1 after five; ResNet-56
  on 50,000 images 0.3 points at 2x and 0.1 at 3x, which is no more than chance.
- **The rate.** At a tenth of the usual rate or less, one epoch brings the recalibrated network
  nowhere near, and the repaired one stays where it is: ResNet-20 at 2x ends 15 to 22 points ahead
  at 1e-4, and best of all from the repaired network at the usual rate (83.5 with SGD at 0.01, 83.9
  with Adam at 0.001).
- Not looked at: ridges held more strongly.
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
    return head + "\n".join(_line(cell, cells[cell]) for cell in sorted(cells)) + "\n" + _FOUND


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
