"""BatchNorm's moving statistics after a short training: still those of the weights before it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import keras

from tfprune.compressing.feeding import load_samples
from tfprune.errors import PruneWarning
from tfprune.keras_internals import layers_of
from tfprune.repairing.recalibrate import recalibrate

if TYPE_CHECKING:
    from tfprune.compressing.floor import Bar
    from tfprune.compressing.job import Job
    from tfprune.compressing.way import Metrics
    from tfprune.runs import FinishedStep

_FORGOTTEN = 0.01


def lags(model: Any, steps: int) -> bool:
    """Whether moving statistics still hold over a hundredth of what they were before training.

    Each step keeps `momentum` of them. Before the first step nothing has moved.

    Args:
        model: Of Keras.
        steps: How many it was trained for.

    Example:
        >>> import keras
        >>> norm = keras.layers.BatchNormalization(momentum=0.99)
        >>> model = keras.Sequential([keras.Input((1,)), norm])
        >>> [lags(model, steps) for steps in (0, 400, 500)]
        [False, True, False]
    """
    return steps > 0 and any(own.momentum**steps > _FORGOTTEN for own in _norms(model))


def _norms(model: Any) -> list[Any]:
    return [own for own in layers_of(model) if isinstance(own, keras.layers.BatchNormalization)]


def settling(job: Job, samples: FinishedStep) -> Callable[[Any], Any]:
    """Return what copies a network with BatchNorm recalibrated on the run's samples."""

    def settle(model: Any) -> Any:
        inputs = load_samples(samples.file("samples.npz"), model)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PruneWarning)  # of layers that keep their statistics
            return recalibrate(model, inputs)

    return settle


def settled_if_better(
    job: Job, model: Any, settle: Callable[[Any], Any], metrics: Metrics, bar: Bar
) -> tuple[Any, Metrics, bool]:
    """Return a trained network as it is, or with BatchNorm recalibrated if it is better so."""
    if not _norms(model):
        return model, metrics, False
    other = settle(model)
    found, as_is = job.way.judge(other), job.way.judge(model)
    return (other, found, True) if bar.better(found, as_is) else (model, as_is, False)
