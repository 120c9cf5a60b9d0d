"""What every way of `proofs.side_by_side` starts from, and how it may train."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

import tfprune
from proofs.regrowth import UPDATES, Quiet
from proofs.training import augmented, compile_for, fused_norms
from tfprune import criteria

RATE, BATCH = 0.01, 128
SCORED, SCORED_BATCH = 512, 8


@dataclass(frozen=True, kw_only=True)
class Task:
    """What every way starts from, and how it may train.

    Args:
        dense: The pretrained network, compiled, not changed.
        x, y: The training images, normalised, and their labels.
        unlabelled: Training images to repair and to calibrate on.
        epochs: Of every way in all.
        seed: Of the order and the changes of the images, and of all that is drawn.
    """

    dense: Any
    x: Any
    y: Any
    unlabelled: Any
    epochs: int
    seed: int

    @cached_property
    def data(self) -> Any:
        """The training images in batches, shuffled, flipped and shifted."""
        return augmented(self.x, self.y, BATCH, self.seed)

    @property
    def steps(self) -> int:
        """Batches in all epochs together."""
        return self.epochs * (len(self.x) // BATCH)

    @property
    def beat(self) -> int:
        """How many steps lie between two updates of a mask."""
        return max(1, self.steps // UPDATES)

    def fit(
        self,
        model: Any,
        epochs: int | None = None,
        callbacks: Any = (),
        *,
        norms: Any = None,
        around: Callable[[Any], Any] = lambda inner: inner,
    ) -> Any:
        """Train a model in place, the rate falling to nothing as a cosine, and return it.

        Args:
            model: What is fitted.
            epochs: All of them if None.
            callbacks: Of Keras.
            norms: The model whose normalizations are computed by one op; `model` if None.
            around: As in `compile_for`.
        """
        epochs = self.epochs if epochs is None else epochs
        steps = epochs * (len(self.x) // BATCH)
        compile_for(model, keras.optimizers.schedules.CosineDecay(RATE, steps), around)
        with fused_norms(model if norms is None else norms):
            model.fit(self.data, epochs=epochs, verbose=0, callbacks=list(callbacks))
        return model

    def copy(self) -> Any:
        """Return a copy of the dense network."""
        model = keras.models.clone_model(self.dense)
        model.set_weights(self.dense.get_weights())
        return model

    @property
    def judge(self) -> Any:
        """The criterion of the filters."""
        scored = tf.data.Dataset.from_tensor_slices((self.x[:SCORED], self.y[:SCORED]))
        return criteria.Taylor(scored.batch(SCORED_BATCH))

    def filters(self, fewer: float, **settings: Any) -> Any:
        """Return the network with so many times fewer multiply-accumulates."""
        return tfprune.prune_structured(
            self.dense, 1 - 1 / fewer, self.judge, target="macs", scope="global", **settings
        )

    def masked(self, model: Any, schedule: Any, epochs: int | None = None, **settings: Any) -> Any:
        """Return a plain model, trained under the masks of a schedule."""
        wrapped = tfprune.prune_low_magnitude(model, schedule, **settings)
        self.fit(wrapped, epochs, [Quiet()], around=tfprune.PruningOptimizer)
        return tfprune.strip_pruning(wrapped)


@dataclass(frozen=True, kw_only=True)
class Way:
    """One row of the page.

    Args:
        says: What it does, for the table.
        make: Makes the model.
        quantize: As `tfprune.convert` takes it.
        trains: Whether it takes all epochs; else none.
    """

    says: str
    make: Callable[[Task], Any]
    quantize: str | None = None
    trains: bool = True


def seeded(task: Task, way: Way) -> Any:
    """Make a way's model, everything drawn from the task's seed."""
    keras.utils.set_random_seed(task.seed)
    return way.make(task)
