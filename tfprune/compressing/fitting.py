"""fit_and_keep_best: epochs of training that go on where a killed process stopped."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from tfprune import files
from tfprune.compressing.floor import Better
from tfprune.compressing.training_bar import TrainingBar
from tfprune.keras_internals import reset_random_states

_STATE = "training.json"


class Through(keras.callbacks.Callback):
    """Passes on what happens in a training of several fits as if it were one.

    A user's callback hears of one beginning and one end, so that what it counts goes on.

    Args:
        callbacks: The user's own.
    """

    def __init__(self, callbacks: Sequence[Any], model: Any, epochs: int) -> None:
        super().__init__()
        self.inner = keras.callbacks.CallbackList(list(callbacks), model=model)
        self.inner.set_params({"epochs": epochs})
        self.begin, self.end = self.inner.on_train_begin, self.inner.on_train_end

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Pass it on."""
        self.inner.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Pass it on."""
        self.inner.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Pass it on."""
        self.inner.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Pass it on."""
        self.inner.on_train_batch_end(batch, logs)


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """One training of one network.

    Args:
        epochs: How many in all; the learning rate falls over them.
        until: Stop after so many of them.
        better: Whether the first metrics are better than the second.
        seed: Of everything drawn at random.
        folder: For what is needed to go on after an interruption.
        trained_only: Whether the model as it came is no candidate for the best: one of
            `quantize_model` rounds nothing before it has seen a batch.
        settle: Returns a copy with BatchNorm recalibrated, by which an epoch is judged as long as
            the moving statistics lag behind the weights; None judges by what is there.
    """

    epochs: int
    until: int
    better: Better
    seed: int
    folder: Path
    trained_only: bool = False
    settle: Callable[[Any], Any] | None = None


def cosine(rate: float, epoch: int, epochs: int) -> float:
    """Return the learning rate of an epoch on half a cosine from `rate` towards 0.

    Source: Loshchilov and Hutter 2017, "SGDR", arXiv 1608.03983, equation 5.

    Example:
        >>> [round(cosine(1.0, epoch, 4), 2) for epoch in range(4)]
        [1.0, 0.85, 0.5, 0.15]
    """
    return rate * (1 + math.cos(math.pi * epoch / max(epochs, 1))) / 2


def fit_and_keep_best(
    model: Any,
    arguments: Mapping[str, Any],
    judge: Callable[[Any], Mapping[str, float]],
    lessons: Lessons,
    *,
    rate: float,
    callbacks: Sequence[Any] = (),
) -> list[dict[str, float]]:
    """Train a compiled model in place and leave it as it was at its best, untrained included.

    After each epoch all that training needs is written to the lessons' folder; where that is
    found, training goes on after the last finished epoch. Each epoch draws from a seed of its own,
    so that it does not matter where it stopped. A user's callbacks begin anew then.

    Args:
        model: Compiled; its optimizer is fresh.
        arguments: Of `model.fit`: data, batch size.
        judge: Model → metrics on the data to judge by.
        lessons: How long, and what is best.
        rate: Of the first epoch.
        callbacks: The user's own.

    Returns:
        The metrics before training and after each epoch.
    """
    model.optimizer.build(model.trainable_variables)
    epochs, seed = lessons.epochs, lessons.seed
    state = _restored(model, lessons.folder)
    if not state["metrics"]:
        _add(model, state, _floats(judge(model)), lessons)
    through = Through(callbacks, model, epochs)
    through.begin()
    for epoch in range(len(state["metrics"]) - 1, lessons.until):
        if state["stopped"]:
            break
        keras.utils.set_random_seed(seed + epoch)
        reset_random_states(model, seed + epoch)
        model.optimizer.learning_rate = cosine(rate, epoch, epochs)
        span = {"initial_epoch": epoch, "epochs": epoch + 1}
        history = model.fit(
            **arguments, **span, verbose=0, callbacks=[through, TrainingBar()]
        ).history
        state["stopped"] = bool(model.stop_training)
        found = {f"train_{name}": float(values[-1]) for name, values in history.items()}
        _add(model, state, {**found, **_floats(judge(model))}, lessons)
    through.end()
    model.load_weights(_weights(lessons.folder, state["best"]))
    metrics: list[dict[str, float]] = state["metrics"]
    return metrics


def _floats(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}


def _add(model: Any, state: dict[str, Any], found: dict[str, float], lessons: Lessons) -> None:
    """Remember an epoch: write the weights, then the note that names them, then tidy up."""
    folder, first = lessons.folder, 1 if lessons.trained_only else 0
    state["metrics"].append(found)
    number = len(state["metrics"]) - 1
    if number <= first or lessons.better(found, state["metrics"][state["best"]]):
        state["best"] = number
    model.save_weights(_weights(folder, number), overwrite=True)
    files.write_text(folder / _STATE, json.dumps(state))
    for path in folder.glob("epoch-*.weights.h5"):
        if path not in (_weights(folder, number), _weights(folder, state["best"])):
            path.unlink()


def _restored(model: Any, folder: Path) -> dict[str, Any]:
    """Return what a killed process had finished, with the model as it was then."""
    path = folder / _STATE
    if not path.exists():
        return {"metrics": [], "best": 0, "stopped": False}
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    model.load_weights(_weights(folder, len(state["metrics"]) - 1))
    return state


def _weights(folder: Path, epoch: int) -> Path:
    return folder / f"epoch-{epoch}.weights.h5"


def clear(folder: Path) -> None:
    """Remove what `fit_and_keep_best` needed to go on."""
    for path in (folder / _STATE, *folder.glob("epoch-*.weights.h5")):
        path.unlink(missing_ok=True)
