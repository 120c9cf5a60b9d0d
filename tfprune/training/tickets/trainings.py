"""Trainings of one ticket: seeded, judged, and each done once if there is a folder."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfprune import files
from tfprune.errors import PruneError
from tfprune.runs import Run

_WEIGHTS = "weights.npz"
Weights = Sequence[np.ndarray]


@dataclass(frozen=True, kw_only=True)
class TrainedTicket:
    """A network after `train`.

    Args:
        value: What `train` says it is worth.
        weights: Its variables, in the order of the model's.
        early: They, early in the training; none if nobody asked.
    """

    value: float
    weights: Weights
    early: Weights = ()


class EarlyWeights(keras.callbacks.Callback):
    """Keep the variables of a model as they are after some batches of its first training.

    Args:
        after: After how many updates of the optimizer.
    """

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after
        self.seen = 0
        self.weights: Weights = ()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Look whether it is time."""
        self.seen = int(np.asarray(self.model.optimizer.iterations))
        if not self.weights and self.seen == self.after:
            self.weights = weights_of(self.model)

    def taken(self) -> Weights:
        """Return the weights.

        Raises:
            PruneError: the training did not get there, or told nobody.
        """
        if self.weights:
            return self.weights
        found, fix = f"train took {self.seen} batches", "rewind to an earlier batch"
        if not self.seen:
            found = "train told the callbacks of no batch"
            fix = "model.fit(..., callbacks=callbacks) with those that train is given"
        elif self.seen > self.after:
            found = "train passed it in the middle of several batches at once"
            fix = "compile with steps_per_execution=1"
        raise PruneError(f"rewind_to={self.after}", found, fix)


class Trainings:
    """Trains, and remembers what it has trained.

    Args:
        run: The folder of finished trainings, None to do them all.
        asked: All that decides what comes out.
    """

    def __init__(self, run: Run | None, asked: Mapping[str, Any]) -> None:
        self._run = run
        self._asked = asked

    def do(self, name: str, work: Callable[[], TrainedTicket]) -> TrainedTicket:
        """Return what a training of this name has made."""
        if self._run is None:
            return work()

        def written(folder: Path) -> dict[str, Any]:
            trained = work()
            buffer = io.BytesIO()
            np.savez(buffer, *trained.weights, *trained.early)
            files.write_bytes(folder / _WEIGHTS, buffer.getvalue())
            return {"value": trained.value, "weights": len(trained.weights)}

        step = self._run.step(name, self._asked, written)
        with np.load(step.file(_WEIGHTS), allow_pickle=False) as kept:
            arrays = [kept[f"arr_{i}"] for i in range(len(kept.files))]
        count = step.record["weights"]
        return TrainedTicket(
            value=step.record["value"], weights=arrays[:count], early=arrays[count:]
        )


def weights_of(model: Any) -> list[np.ndarray]:
    """Return copies of a model's variables; of half precision as float32, which NumPy can save."""
    return [_savable(np.array(variable)) for variable in model.variables]


def set_weights(model: Any, weights: Weights) -> None:
    """Set all variables of a model."""
    for variable, value in zip(model.variables, weights, strict=True):
        variable.assign(keras.ops.cast(value, variable.dtype))


def judged(train: Callable[..., Any], model: Any, callbacks: list[Any], seed: int) -> float:
    """Train a model and return what `train` says it is worth.

    Raises:
        PruneError: it says no number.
    """
    keras.utils.set_random_seed(seed)
    value = train(model, callbacks)
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not math.isfinite(value):
        shown = repr(value) if number or value is None else f"a {type(value).__name__}"
        raise PruneError(
            "find a ticket",
            f"train returned {shown}, no number",
            'end it with: return model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"]',
        )
    return float(value)


def _savable(values: np.ndarray) -> np.ndarray:
    known = values.dtype.kind in "biuf" and values.dtype.name != "bfloat16"
    return values if known else values.astype("float32")
