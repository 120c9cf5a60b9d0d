"""Ways to train and to judge: as the model is compiled, or by functions of the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras

from tfprune.compressing.feeding import fit_arguments, word_for
from tfprune.compressing.file_model import running
from tfprune.compressing.fitting import Lessons, fit_and_keep_best
from tfprune.compressing.settling import lags
from tfprune.errors import PruneError, first_line
from tfprune.evaluation import evaluate
from tfprune.evaluation.predicting import Infer, compiled_inference
from tfprune.evaluation.wishes import described
from tfprune.graph import compiled_as, on_same_layers, own_training
from tfprune.keras_internals import compiled_settings, optimizer_config
from tfprune.recipes import FineTune
from tfprune.runs import digest, source_of
from tfprune.training import Distilled

Metrics = dict[str, float]


class TrainingWay(Protocol):
    """How a network is trained and judged."""

    key: str
    """Changes with what decides the outcome."""
    trains: bool
    """Whether it trains at all."""
    knows_loss: bool
    """Whether a network that was prepared can be judged by its loss."""
    judged_on: tuple[Any, Any]
    """Labelled data and metrics for `tfprune.evaluate`, None where there are none."""

    def train(self, model: Any, lessons: Lessons) -> list[Metrics]:
        """Train a model in place, and leave it as it was at its best.

        It goes on with what a killed process left in the lessons' folder.

        Returns:
            The metrics before training and after each epoch.
        """

    def prepare(self, model: Any) -> None:
        """Give a network the loss that gradient criteria judge by, where there is one."""

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""


class KerasWay:
    """`fit` on the training data, metrics on the data to judge by.

    Args:
        model: The dense model; networks are compiled as it is, or as the recipe says.
        train, validation: In any form that `fit` takes, or a path.
        settings: Of the recipe.
        callbacks: The user's own.

    Raises:
        PruneError: nobody says which loss, or Keras knows no such optimizer.
    """

    trains = knows_loss = True

    def __init__(
        self,
        model: Any,
        train: Any,
        validation: Any,
        settings: FineTune,
        callbacks: Sequence[Any] = (),
    ) -> None:
        self._dense = _compiled(model, settings)
        compiled = compiled_settings(self._dense)
        self._optimizer, self._rate = _optimizer(self._dense, settings)
        self._loss, self.judged_on = compiled["loss"], (validation, compiled["metrics"])
        parts = ("loss", "metrics", "weighted_metrics", "loss_weights")
        self.key = digest(
            [
                type(self._optimizer).__qualname__,
                json.dumps({**optimizer_config(self._optimizer), "name": ""}, default=str),
                [described(compiled[part]) for part in parts],
                [source_of(type(own)) for own in callbacks],
                settings.teacher,
                word_for(validation),
            ]
        )
        self._train = train
        self._settings, self._callbacks = settings, callbacks
        self._arguments: dict[str, Any] | None = None

    def prepare(self, model: Any) -> None:
        """Compile a network as the dense model is, with an optimizer that has seen no step."""
        compiled_as(model, self._dense, self._optimizer)

    def train(self, model: Any, lessons: Lessons) -> list[Metrics]:
        """Train a model in place; go on with what a killed process left in the folder."""
        if self._arguments is None:
            self._arguments = fit_arguments(self._train, model, self._settings.batch_size)
        self.prepare(model)
        infer = compiled_inference(model)

        def judge(fitted: Any) -> Metrics:
            found = self.judge(model, infer=infer)
            if lessons.settle is None or not lags(model, int(fitted.optimizer.iterations)):
                return found
            other = self.judge(lessons.settle(model))
            return other if lessons.better(other, found) else found

        return fit_and_keep_best(
            self._taught(model),
            self._arguments,
            judge,
            lessons,
            rate=self._rate,
            callbacks=self._callbacks,
        )

    def _taught(self, model: Any) -> Any:
        """Return what is to be fitted: the network with the dense model as its teacher."""
        if self._settings.teacher == 0:
            return model
        return Distilled(model, self._dense, alpha=self._settings.teacher)

    def judge(self, model: Any, like: Any = None, infer: Infer | None = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""
        result = evaluate(
            model,
            *self.judged_on,
            loss=self._loss,
            batch_size=self._settings.batch_size,
            per_class=False,
            like=like,
            infer=infer,
        )
        return {n: float(v) for n, v in result.metrics.items() if not isinstance(v, list)}


def _compiled(model: Any, settings: FineTune) -> Any:
    """Return the dense model, compiled as the recipe says; its layers are the user's."""
    method = own_training(model)
    if method is not None:
        raise PruneError(
            f"compress {model.name!r}",
            f"its class {type(model).__name__} has a {method} of its own, its copies have not",
            "pass fit(model, epochs) and evaluate(model), which train and judge any Keras model",
        )
    own = compiled_settings(model)
    if own and not (settings.loss or settings.metrics or settings.optimizer):
        return model
    loss = settings.loss or own.get("loss")
    if loss is None:
        raise PruneError(
            f"compress {model.name!r}",
            "it is not compiled, so nobody knows its loss",
            'compile it, or name one: fine_tune={"loss": "sparse_categorical_crossentropy"}',
        )
    copy = on_same_layers(model)
    try:
        copy.compile(
            settings.optimizer or (model.optimizer if own else "adam"),
            loss,
            metrics=list(settings.metrics) or own.get("metrics"),
            weighted_metrics=own.get("weighted_metrics"),
            loss_weights=own.get("loss_weights") if settings.loss is None else None,
        )
    except (ValueError, TypeError) as error:  # a name that Keras does not know
        fix = "use a name that compile takes, such as adam"
        raise PruneError(f"compress {model.name!r}", first_line(error), fix) from error
    return copy


def _optimizer(model: Any, settings: FineTune) -> tuple[Any, float]:
    """Return an optimizer with one number as its learning rate, of a schedule the largest."""
    own = model.optimizer
    if isinstance(own, keras.optimizers.LossScaleOptimizer):
        own = own.inner_optimizer
    config = optimizer_config(own)
    rate = config["learning_rate"]
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        rate = max(float(rate(step)) for step in (0, *(10**i for i in range(6))))
    rate = settings.learning_rate or float(rate)
    return type(own).from_config({**config, "learning_rate": rate}), rate


class OwnWay:
    """Functions of the user's own.

    Args:
        fit: `fit(model, epochs)` trains a Keras model in place.
        evaluate: `evaluate(model)` returns metrics by name; a `.tflite` file comes as a Keras
            model that runs it.
    """

    trains, knows_loss = True, False
    judged_on = None, None

    def __init__(
        self, fit: Callable[[Any, int], Any], evaluate: Callable[[Any], Mapping[str, float]]
    ) -> None:
        self.key = digest([source_of(fit), source_of(evaluate)])
        self._fit, self._evaluate = fit, evaluate

    def prepare(self, model: Any) -> None:
        """Nothing: nobody knows the loss that `fit` trains by."""

    def train(self, model: Any, lessons: Lessons) -> list[Metrics]:
        """Train a model in place; a killed training begins anew."""
        before, weights = self.judge(model), model.get_weights()
        keras.utils.set_random_seed(lessons.seed)
        self._fit(model, lessons.until)
        after = self.judge(model)
        if not lessons.trained_only and not lessons.better(after, before):
            model.set_weights(weights)
        return [before, after]

    def judge(self, model: Any, like: Any = None) -> Metrics:
        """Return metrics by name: of a Keras model, or of a `.tflite` file of the model `like`."""
        with running(model, like) as runs:
            found = self._evaluate(runs)
        if not isinstance(found, Mapping) or not found:
            raise PruneError(
                "judge by evaluate(model)",
                f"it returned {type(found).__name__}, not metrics by name",
                'return a dict: {"accuracy": 0.91}',
            )
        return {name: float(value) for name, value in found.items()}
