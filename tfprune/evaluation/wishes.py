"""What is to be measured, brought to one wish for each output."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from tfprune.data.paths import imported
from tfprune.errors import PruneError, first_line, near
from tfprune.notes import Note
from tfprune.runs import source_of

_SHORT = {"acc", "accuracy", "ce", "crossentropy"}


@dataclass(frozen=True)
class Wish:
    """What is measured.

    Args:
        metrics: As `compile` takes them; None to guess from labels and outputs.
        weighted: Likewise, by sample weights.
        loss: Likewise; None for none.
        loss_weights: Likewise.
    """

    metrics: Any = None
    weighted: Any = None
    loss: Any = None
    loss_weights: Any = None

    def __bool__(self) -> bool:
        return any(bool(part) for part in (self.metrics, self.weighted, self.loss))

    def split(self, names: Sequence[str], aliases: Sequence[Sequence[str]]) -> list[Wish]:
        """Return what is wished of each output."""
        parts = [
            by_output(what, value, names, aliases)
            for what, value in (
                ("metrics", self.metrics),
                ("metrics", self.weighted),
                ("losses", self.loss),
            )
        ]
        return [Wish(*own) for own in zip(*parts, strict=True)]

    def objects(self) -> list[Any]:
        """Return the metric objects in it, whose state is the user's."""
        flat = keras.tree.flatten([self.metrics, self.weighted])
        return [metric for metric in flat if isinstance(metric, keras.metrics.Metric)]


def wish_of(
    metrics: Any, loss: Any, model: Any, settings: Mapping[str, Any], notes: list[Note]
) -> Wish:
    """Return what was asked for, else what a Keras model was compiled with, if with anything.

    Args:
        metrics, loss: As given to `evaluate`. Metrics given by name or object are weighted by
            sample weights, where the data has any.
        model: The Keras model, None if there is none.
        settings: What it was compiled with.
        notes: What is to be said is added here.
    """
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    own = settings if metrics is None else {}
    if loss is None and own.get("loss") is not None:
        loss = own["loss"]
        if getattr(model, "losses", None):
            reason = "the loss is that of the data: what layers and regularizers add is left out"
            notes.append(Note(str(model.name), reason))
    if metrics is not None:
        return Wish(None, metrics, loss)
    return Wish(own.get("metrics"), own.get("weighted_metrics"), loss, own.get("loss_weights"))


def by_output(what: str, value: Any, names: Sequence[str], aliases: Sequence[Sequence[str]]) -> Any:
    """Return one entry for each output of what was given for all of them, in any way Keras takes.

    Args:
        what: What it is, for errors.
        value: A dict by name, a list in the outputs' order, or one entry.
        names: The outputs' names.
        aliases: Other names of each.

    Raises:
        PruneError: a name is none of an output's, or there are more or fewer than outputs.

    Example:
        >>> by_output("loss", {"b": "mse"}, ["a", "b"], [(), ()])
        [None, 'mse']
        >>> by_output("loss", "mse", ["a", "b"], [(), ()])
        ['mse', 'mse']
    """
    if isinstance(value, Mapping):
        return _by_name(what, value, names, aliases)
    if value is None or not isinstance(value, (list, tuple)):
        return [value] * len(names)
    if len(names) == 1:
        return [value[0] if len(value) == 1 and what != "metrics" else value]
    if len(value) == len(names):
        return list(value)
    raise PruneError(
        f"evaluate with {len(value)} {what}",
        f"the model has {len(names)} outputs: {', '.join(names)}",
        "give a dict by the outputs' names, or a list with an entry for each",
    )


def _by_name(
    what: str, value: Mapping[Any, Any], names: Sequence[str], aliases: Sequence[Sequence[str]]
) -> list[Any]:
    known = {
        alias: i
        for i, (name, others) in enumerate(zip(names, aliases, strict=True))
        for alias in (*others, name)
    }
    found: list[Any] = [None] * len(names)
    for name, own in value.items():
        if name not in known:
            raise PruneError(
                f"evaluate with {what} for an output {str(name)!r}",
                f"no output has this name; there are {near(str(name), known)}",
                "use the outputs' names; like=model gives a file those of its Keras model",
            )
        found[known[name]] = own
    return found


def listed(metrics: Any) -> list[Any]:
    """Return the metrics of one output as a list, each checked to be one.

    Raises:
        PruneError: a name is none of Keras' metrics; the nearest are named.
    """
    if metrics is None:
        return []
    flat = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics]
    return [_checked(metric) for metric in flat if metric is not None]


def _checked(metric: Any) -> Any:
    if isinstance(metric, str) and re.fullmatch(r"[\w.]+:\w+", metric):
        fix = "name a metric or a function of (labels, outputs) in a module that Python can import"
        metric = imported(metric, f"evaluate with metrics=[{metric!r}]", fix)
    if not isinstance(metric, str):
        if callable(metric):
            return metric() if isinstance(metric, type) else metric
        found = f"a {type(metric).__name__} is no metric"
        raise PruneError(
            f"evaluate with metrics=[{metric!r}]", found, "pass a name, a Metric or a function"
        )
    if metric.lower() not in _SHORT:
        try:
            keras.metrics.get(metric)
        except ValueError as error:
            names = {n for n in dir(keras.metrics) if not n.startswith("_")} | _SHORT
            asked = f"evaluate with metrics=[{metric!r}]"
            found = f"Keras has no metric of this name; it has {near(metric, names)}"
            raise PruneError(
                asked, found, "pass a name, a keras.metrics object or a function"
            ) from error
        except Exception as error:  # one that needs arguments, as MeanIoU its number of classes
            asked, found = f"evaluate with metrics=[{metric!r}]", first_line(error)
            fix = f"pass the object: metrics=[keras.metrics.{metric}(...)]"
            raise PruneError(asked, found, fix) from error
    return metric


def check_loss(loss: Any) -> None:
    """Raise PruneError unless a loss is one, or nothing."""
    if not isinstance(loss, str) or loss.lower() in _SHORT:
        return
    try:
        keras.losses.get(loss)
    except ValueError as error:
        names = {n for n in dir(keras.losses) if not n.startswith("_")}
        found = f"Keras has no loss of this name; it has {near(loss, names)}"
        fix = "pass a name, a keras.losses object or a function"
        raise PruneError(f"evaluate with loss={loss!r}", found, fix) from error


def described(value: Any) -> Any:
    """Return the settings of losses and metrics, the code of functions."""
    if isinstance(value, Mapping):
        return {name: described(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(own) for own in value]
    if isinstance(value, keras.losses.Loss):  # Keras numbers the names of those that have none
        config = {**value.get_config(), "name": ""}
        return [type(value).__qualname__, json.dumps(config, default=str)]
    if isinstance(value, keras.metrics.Metric):
        return [type(value).__qualname__, json.dumps(value.get_config(), default=str)]
    return source_of(value) if callable(value) else value
