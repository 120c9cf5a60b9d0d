"""Ways to train and to judge: as the model is compiled, or by functions of the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import keras

from tfprune.compressing.feeding import fit_arguments
from tfprune.compressing.fitting import fit_and_keep_best
from tfprune.compressing.floor import Better
from tfprune.errors import PruneError
from tfprune.keras_internals import compiled_settings
from tfprune.recipes import FineTune
from tfprune.runs import digest, source_of

Metrics = dict[str, float]


class TrainingWay(Protocol):
    """How a network is trained and judged."""

    key: str
    """Changes with what decides the outcome."""
    knows_loss: bool
    """Whether a network that was prepared can be judged by its loss."""
    judged_on: tuple[Any, Any]
    """Labelled data and metrics for `tfprune.evaluate`, None where there are none."""

    def train(
        self, model: Any, epochs: int, until: int, better: Better, seed: int, folder: Path
    ) -> list[Metrics]:
        """Train a model in place for `until` of `epochs` epochs, the best of which it keeps.

        It goes on with what a killed process left in `folder`.

        Returns:
            The metrics before training and after each epoch.
        """

    def prepare(self, model: Any) -> None:
        """Give a network the loss that gradient criteria judge by, where there is one."""

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """What `compile` was given, for models that are to be trained like another.

    Args:
        loss: Names, objects or functions, nested by output.
        metrics, weighted_metrics, loss_weights: Likewise.
        optimizer: Its config, with the learning rate as a number (of a schedule its largest
            value); each model gets an optimizer of its own.
    """

    loss: Any
    metrics: Any = None
    weighted_metrics: Any = None
    loss_weights: Any = None
    optimizer: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Any, settings: FineTune, asked: str) -> Compiled:
        """Return what a model is compiled with; what the recipe names takes its place.

        Raises:
            PruneError: nobody says which loss, or Keras knows no such name.
        """
        own = compiled_settings(model)
        loss = settings.loss or own.get("loss")
        if loss is None:
            raise PruneError(
                asked,
                f"the model {model.name!r} is not compiled, so nobody knows its loss",
                'compile it, or name one: fine_tune={"loss": "sparse_categorical_crossentropy"}',
            )
        return cls(
            loss=loss,
            metrics=list(settings.metrics) or own.get("metrics"),
            weighted_metrics=own.get("weighted_metrics"),
            loss_weights=own.get("loss_weights") if settings.loss is None else None,
            optimizer=_optimizer(model if own else None, settings, asked),
        )

    def compile(self, model: Any) -> None:
        """Compile a model so, with a fresh optimizer."""
        keras_optimizer = keras.optimizers.deserialize(self.optimizer)
        model.compile(
            keras_optimizer,
            self.loss,
            loss_weights=self.loss_weights,
            metrics=_fresh(self.metrics),
            weighted_metrics=_fresh(self.weighted_metrics),
        )

    @property
    def rate(self) -> float:
        """The learning rate of the first epoch."""
        return float(self.optimizer["config"]["learning_rate"])

    @property
    def key(self) -> str:
        """A word for all of it."""
        parts = (self.loss, self.metrics, self.weighted_metrics, self.loss_weights)
        return digest([json.dumps(self.optimizer, default=str), *map(_told, parts)])


def _optimizer(model: Any, settings: FineTune, asked: str) -> dict[str, Any]:
    name = settings.optimizer
    if name is None and (model is None or model.optimizer is None):
        name = "adam"
    try:
        optimizer = model.optimizer if name is None else keras.optimizers.get(name)
    except ValueError as error:
        raise PruneError(asked, f"Keras knows no optimizer {name!r}", 'name "adam"') from error
    made = dict(keras.optimizers.serialize(optimizer))
    rate = settings.learning_rate or _largest(made["config"]["learning_rate"])
    return {**made, "config": {**made["config"], "learning_rate": rate}}


def _largest(rate: Any) -> float:
    """Return the largest value of a schedule, or the one value that there is."""
    if isinstance(rate, (int, float)):
        return float(rate)
    schedule = keras.optimizers.schedules.deserialize(rate)
    return max(float(schedule(step)) for step in (0, *(10**i for i in range(6))))


def _fresh(metrics: Any) -> Any:
    """Return metrics that count from zero: an object of Keras counts for one model."""
    if isinstance(metrics, Mapping):
        return {name: _fresh(own) for name, own in metrics.items()}
    if isinstance(metrics, (list, tuple)):
        return [_fresh(own) for own in metrics]
    if isinstance(metrics, keras.metrics.Metric):
        return type(metrics).from_config(metrics.get_config())
    return metrics


def _told(value: Any) -> Any:
    """Return the settings of losses and metrics, the code of functions."""
    if isinstance(value, Mapping):
        return {name: _told(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_told(own) for own in value]
    if isinstance(value, (keras.losses.Loss, keras.metrics.Metric)):
        return [type(value).__qualname__, json.dumps(value.get_config(), default=str)]
    return source_of(value) if callable(value) else value


class KerasWay:
    """`fit` on the training data, metrics on the data to judge by.

    Args:
        compiled: How models are compiled.
        train, validation: In any form that `fit` takes, or a path.
        settings: Of the recipe.
        callbacks: The user's own.
    """

    knows_loss = True

    def __init__(
        self,
        compiled: Compiled,
        train: Any,
        validation: Any,
        settings: FineTune,
        callbacks: Sequence[Any] = (),
    ) -> None:
        self.compiled = compiled
        self.key = digest([compiled.key, [source_of(type(own)) for own in callbacks]])
        self.judged_on = validation, compiled.metrics
        self._train, self._validation = train, validation
        self._settings, self._callbacks = settings, callbacks
        self._arguments: dict[str, Any] | None = None

    def prepare(self, model: Any) -> None:
        """Compile a network, so that gradient criteria know its loss."""
        self.compiled.compile(model)

    def train(
        self, model: Any, epochs: int, until: int, better: Better, seed: int, folder: Path
    ) -> list[Metrics]:
        """Train a model in place; go on with what a killed process left in `folder`."""
        if self._arguments is None:
            self._arguments = fit_arguments(self._train, model, self._settings.batch_size)
        self.compiled.compile(model)
        return fit_and_keep_best(
            model,
            self._arguments,
            self.judge,
            better,
            epochs=epochs,
            until=until,
            rate=self.compiled.rate,
            seed=seed,
            folder=folder,
            callbacks=self._callbacks,
        )

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""
        from tfprune.evaluation import evaluate

        compiled = self.compiled
        result = evaluate(
            model,
            self._validation,
            compiled.metrics,
            loss=compiled.loss,
            batch_size=self._settings.batch_size,
            per_class=False,
            like=like,
        )
        return {n: float(v) for n, v in result.metrics.items() if not isinstance(v, list)}


class OwnWay:
    """Functions of the user's own.

    Args:
        fit: `fit(model, epochs)` trains a Keras model in place.
        evaluate: `evaluate(model)` returns metrics by name; a `.tflite` file comes as a Keras
            model that runs it.
    """

    knows_loss = False
    judged_on = None, None

    def __init__(
        self, fit: Callable[[Any, int], Any], evaluate: Callable[[Any], Mapping[str, float]]
    ) -> None:
        self.key = digest([source_of(fit), source_of(evaluate)])
        self._fit, self._evaluate = fit, evaluate

    def prepare(self, model: Any) -> None:
        """Nothing: nobody knows the loss that `fit` trains by."""

    def train(
        self, model: Any, epochs: int, until: int, better: Better, seed: int, folder: Path
    ) -> list[Metrics]:
        """Train a model in place; a killed training begins anew."""
        before = self.judge(model)
        keras.utils.set_random_seed(seed)
        self._fit(model, until)
        return [before, self.judge(model)]

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""
        from tfprune.compressing.file_model import FileModel

        found = self._evaluate(model if like is None else FileModel(model, like))
        if not isinstance(found, Mapping) or not found:
            raise PruneError(
                "judge by evaluate(model)",
                f"it returned {type(found).__name__}, not metrics by name",
                'return a dict: {"accuracy": 0.91}',
            )
        return {name: float(value) for name, value in found.items()}
