"""The floor: which metric decides, in which direction, and how low it may fall."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tfprune.errors import PruneError
from tfprune.evaluation.deciding_metric import deciding_metric, lower_is_better
from tfprune.recipes import Floor

T = TypeVar("T")
Better = Callable[[Mapping[str, float], Mapping[str, float]], bool]


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A metric and what it must reach.

    Args:
        metric: Its name.
        dense: What the dense model has.
        least: What must be reached: not less, or if `lower` not more.
        lower: Whether lower is better.
    """

    metric: str
    dense: float
    least: float
    lower: bool

    def passed(self, metrics: Mapping[str, float]) -> bool:
        """Whether these metrics reach it."""
        value = metrics[self.metric]
        return value <= self.least if self.lower else value >= self.least

    def better(self, first: Mapping[str, float], second: Mapping[str, float]) -> bool:
        """Whether the first metrics are better than the second; NaN never is."""
        a, b = first[self.metric], second[self.metric]
        if math.isnan(a) or math.isnan(b):
            return not math.isnan(a)
        return a < b if self.lower else a > b

    def best(self, found: Sequence[T], metrics: Callable[[T], Mapping[str, float]]) -> T:
        """Return the one with the best metrics, of equal ones the first."""
        best = found[0]
        for other in found[1:]:
            if self.better(metrics(other), metrics(best)):
                best = other
        return best

    def drop(self, metrics: Mapping[str, float]) -> float:
        """How much worse than the dense model these metrics are."""
        difference = metrics[self.metric] - self.dense
        return difference if self.lower else -difference


def bar_of(floor: Floor, dense: Mapping[str, float]) -> Bar:
    """Return the bar for a floor, given the metrics of the dense model.

    With no floor a drop of 0.01 is allowed, of a loss or an error a hundredth of it.

    Raises:
        PruneError: there is no such metric, or both kinds of floor are given.

    Example:
        >>> bar_of(Floor(max_drop=0.02), {"loss": 0.5, "accuracy": 0.9}).least
        0.88
    """
    metric = floor.metric or deciding_metric(dense)
    if metric not in dense:
        raise PruneError(
            f"metric={metric!r}",
            "the model is not judged by it",
            f"it is judged by {', '.join(dense)}; add it with fine_tune.metrics",
        )
    if floor.max_drop is not None and floor.min_metric is not None:
        asked = f"max_drop={floor.max_drop}, min_metric={floor.min_metric}"
        raise PruneError(asked, "two floors for one metric", "give one of the two")
    lower, value = lower_is_better(metric), dense[metric]
    if floor.min_metric is not None:
        return Bar(metric=metric, dense=value, least=floor.min_metric, lower=lower)
    drop = floor.max_drop
    if drop is None:
        drop = abs(value) / 100 if lower else 0.01
    least = round(value + drop if lower else value - drop, 12)
    return Bar(metric=metric, dense=value, least=least, lower=lower)
