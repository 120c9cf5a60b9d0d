"""Job: all that a compression is about, and the words that its steps are named by."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfprune.compressing.floor import Bar
from tfprune.compressing.naming import ModelWord
from tfprune.compressing.own_classes import has_code
from tfprune.compressing.way import Metrics, TrainingWay
from tfprune.criteria.naming import needs_loss
from tfprune.keras_files import load_model
from tfprune.progress import Stages
from tfprune.recipes import Recipe
from tfprune.runs import FinishedStep, Run

_WITHOUT = "l2"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be compressed, how, and where it is kept.

    Args:
        model: The user's, never changed.
        model_word: Changes with it.
        train: The training data, as the user gave it.
        data_word: Changes with it.
        recipe: The settings.
        run: The folder of steps.
        way: How networks are trained and judged.
        labels: Whether the training data has targets.
        stages: Say where the run stands.
        strategy: A `tf.distribute` strategy, or None.
    """

    model: Any
    model_word: ModelWord
    train: Any
    data_word: str
    recipe: Recipe
    run: Run
    way: TrainingWay
    labels: bool
    stages: Stages
    strategy: Any = None

    @property
    def criterion(self) -> str:
        """The criterion that is used: one that needs a loss where there is none gives way."""
        asked = self.recipe.prune.criterion
        if not needs_loss(asked) or (self.labels and self.way.knows_loss):
            return asked
        self.stages.remark(f"criterion {asked!r} needs labels and a loss: {_WITHOUT!r} is used")
        return _WITHOUT

    @property
    def searches(self) -> bool:
        """Whether widths are searched: where there are no labels or no loss they are ranked."""
        if self.recipe.prune.widths != "searched":
            return False
        if self.labels and self.way.knows_loss:
            return True
        self.stages.remark("prune.widths='searched' needs labels and a loss: widths are ranked")
        return False

    def load(self, path: Path) -> Any:
        """Load a network of the run, in the scope of the strategy."""
        with self.scope():
            return load_model(path, trusted=has_code(self.model))

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Make variables where the strategy wants them."""
        with contextlib.nullcontext() if self.strategy is None else self.strategy.scope():
            yield


@dataclass(frozen=True, kw_only=True)
class Network:
    """A trained network of the run.

    Args:
        done: The step that made it; its `model.keras` is the network.
        notch: How far it was pruned; see `tfprune.compressing.notches`.
        metrics: What it is judged at.
        macs, params: Shares of the dense model; None if not known.
    """

    done: FinishedStep
    notch: int
    metrics: Metrics
    macs: float | None
    params: float

    @property
    def path(self) -> Path:
        """Its Keras file."""
        return self.done.file("model.keras")

    @property
    def name(self) -> str:
        """What a report calls it."""
        if self.notch == 0:
            return "dense"
        share = self.params if self.macs is None else self.macs
        return f"pruned to {100 * share:.0f} %"


@dataclass(frozen=True, kw_only=True)
class TriedFile:
    """One `.tflite` file of the run, with all that was measured of it.

    Args:
        network: `"pruned to 50 %"`.
        path: The file.
        keras_path: The network that it was made from.
        precision: `"float32"`, ...
        metrics: Of the file itself.
        usage: Its budgets: shares of the dense model, `latency_ms` in milliseconds; what is not
            known is missing.
        over: By how much each budget is missed.
        passed: Whether the metrics reach the floor.
        verified: Whether it computes what Keras computes.
        verdict: The doctor's.
        how: What was done to it beside pruning: "trained with int8 arithmetic".
    """

    network: str
    path: str
    keras_path: str
    precision: str
    metrics: Metrics
    usage: dict[str, float]
    over: dict[str, float]
    passed: bool
    verified: bool
    verdict: str
    how: str = ""

    @property
    def name(self) -> str:
        """`"pruned to 50 %, int8"`."""
        return f"{self.network}, {self.precision}" + (f", {self.how}" if self.how else "")

    @property
    def judgement(self) -> str:
        """Whether it may be shipped, or why not, in words."""
        if not self.verified:
            return "wrong: it does not compute what Keras computes"
        if not self.passed:
            return "below the floor"
        unknown = [name for name, over in self.over.items() if math.isinf(over)]
        if unknown:
            return f"{', '.join(unknown)} unknown"
        return f"misses {', '.join(self.over)}" if self.over else "good"

    @property
    def good(self) -> bool:
        """Whether it may be shipped: right, within the budgets, not below the floor."""
        return self.passed and self.verified and not self.over


_NOISE = 0.05
"""Times that differ by less are one time: runs of one file differ by as much."""


def speed(trial: TriedFile) -> tuple[float, float]:
    """Return what trials are ordered by: time where it is known, else work; then bytes."""
    usage = trial.usage
    known = (usage.get(name) for name in ("latency", "instructions", "macs", "params"))
    return next((value for value in known if value is not None), 1.0), usage["file_bytes"]


def best_of(trials: list[TriedFile], bar: Bar) -> TriedFile:
    """Return the fastest trial within floor and budgets; else the best effort.

    Of those that are equally fast, within what a clock can tell, the smallest file.
    Within the floor that which misses its budgets least, and if none is within it that with the
    best metric.
    """
    good = [trial for trial in trials if trial.good]
    if good:
        most = min(map(speed, good))[0] * (1 + _NOISE)
        timed = [trial for trial in good if "latency" in trial.usage and speed(trial)[0] <= most]
        return min(timed, key=lambda t: speed(t)[::-1]) if timed else min(good, key=speed)
    right = [trial for trial in trials if trial.verified] or trials
    passed = [trial for trial in right if trial.passed]
    if passed:
        return min(passed, key=lambda t: (max(t.over.values(), default=1.0), *speed(t)))
    return bar.best(right, lambda trial: trial.metrics)
