"""Train the demo's network, dense or while its masks grow, and record each epoch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfprune.compressing.training_bar import TrainingBar
from tfprune.demo.digits import Digits, Images, Labels, place
from tfprune.demo.settings import DemoSettings
from tfprune.masks import UpdatePruningStep, prune_low_magnitude
from tfprune.readiness import PruneForLatencyOnXNNPack
from tfprune.reports import Epoch
from tfprune.schedules import PolynomialDecay

BLOCK = (1, 2)  # pairs of output channels, what XNNPACK's sparse kernels run best on ARM


class ShiftedDigits(keras.utils.PyDataset):
    """Batches of digits, shuffled, each placed somewhere in its frame anew in each epoch."""

    def __init__(self, images: Images, labels: Labels, batch_size: int, seed: int) -> None:
        super().__init__()
        self.images, self.labels, self.batch_size = images, labels, batch_size
        self.random = np.random.default_rng(seed)
        self.order = self.random.permutation(len(images))

    def __len__(self) -> int:
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Images, Labels]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        rows, columns = self.random.integers(1, 4, (2, len(chosen)))
        return place(self.images[chosen], rows, columns), self.labels[chosen]

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        self.order = self.random.permutation(len(self.images))


def train_dense(model: Any, digits: Digits, settings: DemoSettings) -> tuple[Epoch, ...]:
    """Train the dense baseline in place."""
    history = _fit(model, digits, settings, settings.epochs, 3e-3)
    return _records("dense", 1, history)


def train_pruned(
    model: Any, digits: Digits, settings: DemoSettings
) -> tuple[Any, tuple[Epoch, ...]]:
    """Wrap a trained model and train it to its sparsity; the model passed is not changed.

    The masks grow over the first two thirds of the epochs, fast at first (M. Zhu and S. Gupta,
    "To prune, or not to prune", arXiv:1710.01878); in the last third what stays can recover.
    """
    pruned = prune_low_magnitude(
        model, pruning_schedule(settings), BLOCK, pruning_policy=PruneForLatencyOnXNNPack()
    )
    history = _fit(pruned, digits, settings, settings.pruning_epochs, 3e-3, UpdatePruningStep())
    return pruned, _records("pruning", settings.epochs + 1, history)


def pruning_schedule(settings: DemoSettings) -> PolynomialDecay:
    """Return the decay to the wanted sparsity, updated eight times in an epoch."""
    steps = settings.steps_per_epoch
    frequency = max(1, steps // 8)
    updates = max(1, steps * settings.pruning_epochs * 2 // 3 // frequency)
    return PolynomialDecay(0.0, settings.sparsity, 0, updates * frequency, frequency=frequency)


def _fit(
    model: Any,
    digits: Digits,
    settings: DemoSettings,
    epochs: int,
    learning_rate: float,
    *callbacks: Any,
) -> dict[str, list[float]]:
    data = ShiftedDigits(digits.train_x, digits.train_y, settings.batch_size, settings.seed)
    decay = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(data))
    model.compile(
        keras.optimizers.Adam(decay),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    _make_variables(model, place(digits.test_x[:1]), digits.test_y[:1])
    history: dict[str, list[float]] = model.fit(
        data,
        epochs=epochs,
        verbose=0,
        validation_data=(place(digits.test_x), digits.test_y),
        validation_batch_size=500,
        callbacks=[*callbacks, TrainingBar()],
    ).history
    return history


def _make_variables(model: Any, images: Images, labels: Labels) -> None:
    """Make those of optimizer and metrics; Keras traces a step twice that makes variables."""
    model.optimizer.build(model.trainable_variables)
    model.compute_metrics(images, labels, model(images))
    model.reset_metrics()


def _records(phase: str, first: int, history: dict[str, list[float]]) -> tuple[Epoch, ...]:
    columns = ("loss", "accuracy", "val_accuracy", "sparsity")
    count = len(history["loss"])
    rows = zip(*(history.get(name, [0.0] * count) for name in columns), strict=True)
    measured = (dict(zip(columns, map(float, row), strict=True)) for row in rows)
    return tuple(Epoch(phase=phase, epoch=first + i, **m) for i, m in enumerate(measured))
