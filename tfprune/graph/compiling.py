"""A copy of a model, compiled as the model is."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import keras

from tfprune.errors import PruneWarning, first_line
from tfprune.graph.structure import functional, is_graph
from tfprune.keras_internals import compiled_settings, optimizer_config, resolves_jit_itself

_OWN_TRAINING = ("train_step", "test_step", "compute_loss", "compute_metrics", "compile")
_LossScaling = keras.optimizers.LossScaleOptimizer


def compiled_as(copy: Any, model: Any, optimizer: Any = None) -> Any:
    """Return the copy of a model, compiled with the settings of the model if that is compiled.

    Loss, loss weights, metrics, `jit_compile`, `run_eagerly` and `steps_per_execution` are the
    model's. Losses and learning-rate schedules are shared, since they hold no state; metrics and
    the optimizer are new ones of the same configuration: momenta belong to weights that the copy
    may not have. The settings of an output that has another name in the copy go with its place.

    Args:
        copy: A model with the outputs of `model`, not compiled; changed in place.
        model: The model that it was made from.
        optimizer: The one to take the configuration of; None for the model's.

    Returns:
        `copy`; not compiled if the model is not, or if its settings can't be given to another.

    Warns:
        PruneWarning: the model is compiled, the copy is not, and why.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.1), "mse")
        >>> copy = compiled_as(keras.models.clone_model(model), model)
        >>> copy.loss, float(copy.optimizer.learning_rate), copy.optimizer is model.optimizer
        ('mse', 0.10000000149011612, False)
    """
    if (
        not isinstance(model, keras.Model)
        or not model.compiled
        or not isinstance(copy, keras.Model)
    ):
        return copy
    own = own_training(model)
    if own and not _is_own(copy, own):
        _warn(copy, f"its class {type(model).__name__} has a {own} of its own")
        return copy
    names = _new_names(copy, model)
    settings = compiled_settings(model)
    optimizer = model.optimizer if optimizer is None else optimizer
    if isinstance(optimizer, _LossScaling) and not isinstance(settings["optimizer"], _LossScaling):
        optimizer = optimizer.inner_optimizer  # `compile` put it there, and does again if need be
    try:
        settings["optimizer"] = fresh_optimizer(optimizer)
        for key in ("loss", "loss_weights"):
            settings[key] = _renamed(settings[key], names)
        for key in ("metrics", "weighted_metrics"):
            settings[key] = _renamed(fresh_metrics(settings[key]), names)
        if settings["jit_compile"] is not None and resolves_jit_itself(model):
            settings["jit_compile"] = "auto"  # the copy may hold what the model does not
        copy.compile(**settings)
    except Exception as error:  # an optimizer, metric or schedule of the user's own
        _warn(copy, first_line(error))
    return copy


def fresh_optimizer(optimizer: Any) -> Any:
    """Return a new optimizer of the same configuration, that has seen no step.

    A learning-rate schedule is handed over as it is, so that one of the user's own needs no
    registration.
    """
    return type(optimizer).from_config(optimizer_config(optimizer))


def fresh_metrics(metrics: Any) -> Any:
    """Return metrics without state, nested as they are; names and functions hold none."""

    def fresh(metric: Any) -> Any:
        if isinstance(metric, keras.metrics.Metric):
            return type(metric).from_config(metric.get_config())
        return metric

    return keras.tree.map_structure(fresh, metrics)


def own_training(model: Any) -> str | None:
    """Return the method by which a model's class trains in a way of its own, None if in Keras'.

    Example:
        >>> own_training(keras.Sequential()) is None
        True
    """
    return next((name for name in _OWN_TRAINING if _is_own(model, name)), None)


def _is_own(model: Any, name: str) -> bool:
    return getattr(type(model), name) is not getattr(keras.Model, name)


def _new_names(copy: Any, model: Any) -> dict[str, str]:
    if not (is_graph(copy) and is_graph(model)):
        return {}
    names = (functional(one).output_names for one in (model, copy))
    return dict(zip(*names, strict=True))


def _renamed(setting: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(setting, Mapping):
        return setting
    return {names.get(key, key): value for key, value in setting.items()}


def _warn(copy: Any, reason: str) -> None:
    text = f"{copy.name!r} is not compiled, though the model it was made from is: {reason}"
    warnings.warn(text, PruneWarning, stacklevel=4)
