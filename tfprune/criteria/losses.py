"""The loss of a model on a batch, as it would be in `fit` but in inference mode."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import keras

from tfprune.errors import PruneError
from tfprune.graph import on_same_layers
from tfprune.keras_internals import loss_weights

Loss = Callable[[Any, Any, Any], Any]


def loss_of(model: Any, loss: Any, asked: str) -> Loss:
    """Return a function (x, y, sample_weight) → the loss of one batch, a scalar.

    The given or compiled loss, and what layers add with `add_loss`, are computed by a model of our
    own on the user's layers, so that no metric of the user's moves. Weight regularizers are left
    out: they would reward the removal of any weight. A `compute_loss` of the user's own is called
    as it is.

    Args:
        model: A Functional or built Sequential model.
        loss: What `compile` takes; None for the model's own.
        asked: What for, to be said in errors.

    Raises:
        PruneError: no loss is given and the model has none; when called: there are no targets.
    """
    if loss is None and type(model).compute_loss is not keras.Model.compute_loss:
        return _own_loss(model)
    weights = None
    if loss is None:
        loss, weights = _compiled_loss(model, asked)
    judge = on_same_layers(model)
    judge.compile(loss=loss, loss_weights=weights)

    def compute(x: Any, y: Any, sample_weight: Any) -> Any:
        if y is None:
            raise PruneError(asked, "the data has no targets", "give it as (inputs, targets)")
        total = judge.compute_loss(x, y, judge(x, training=False), sample_weight, training=False)
        regularized = [v for v in judge.trainable_variables if v.regularizer is not None]
        return total - sum(v.regularizer(v) for v in regularized)

    return compute


def give_loss(copy: Any, model: Any) -> None:
    """Compile a copy of a model, made of other layers, with the loss that the model has.

    A `compute_loss` of the user's own needs the user's layers: the copy gets none, and a criterion
    that wants one asks for it.
    """
    if getattr(model, "loss", None) and type(model).compute_loss is keras.Model.compute_loss:
        weights = loss_weights(model)
        copy.compile(loss=model.loss, loss_weights=weights)


@contextmanager
def unchanged(model: Any) -> Iterator[None]:
    """Put the model's metrics, moving statistics and random states back afterwards."""
    variables = [*model.metrics_variables, *model.non_trainable_variables]
    values = [keras.ops.copy(variable.value) for variable in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)


def _own_loss(model: Any) -> Loss:
    def compute(x: Any, y: Any, sample_weight: Any) -> Any:
        takes_training = "training" in inspect.signature(model.compute_loss).parameters
        mode = {"training": False} if takes_training else {}
        return model.compute_loss(x, y, model(x, training=False), sample_weight, **mode)

    return compute


def _compiled_loss(model: Any, asked: str) -> tuple[Any, Any]:
    loss = getattr(model, "loss", None)
    if loss is None:
        raise PruneError(
            asked,
            f"the model {model.name!r} is not compiled with a loss",
            "compile it, or give one: Taylor(data, loss='sparse_categorical_crossentropy')",
        )
    return loss, loss_weights(model)
