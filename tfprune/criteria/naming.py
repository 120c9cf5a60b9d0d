"""From a name, a function or an object to a criterion."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfprune.channels import Group
from tfprune.criteria.activations import Activation
from tfprune.criteria.criterion import Criterion
from tfprune.criteria.filters import FPGM, LAMP, Magnitude
from tfprune.criteria.gradients import Fisher, Taylor
from tfprune.criteria.relevance import Relevance
from tfprune.criteria.scales import BatchNormScale, Random
from tfprune.errors import PruneError
from tfprune.keras_facts.origins import name_of

_NAMED: dict[str, Callable[[], Criterion]] = {
    "l1": lambda: Magnitude(p=1),
    "l2": lambda: Magnitude(p=2),
    "random": Random,
    "bn_scale": BatchNormScale,
    "fpgm": FPGM,
    "lamp": LAMP,
}
_WITH_DATA: dict[str, type] = {
    "taylor": Taylor,
    "fisher": Fisher,
    "relevance": Relevance,
    "activation": Activation,
}
_BY_LOSS = (Taylor, Fisher)
_OURS = (Magnitude, Random, BatchNormScale, FPGM, LAMP, Taylor, Fisher, Relevance, Activation)


def as_criterion(criterion: Any, data: Any = None) -> Criterion:
    """Return the criterion that is meant.

    Args:
        criterion: A `Criterion`; a name: "l1", "l2", "random", "bn_scale", "fpgm" or "lamp"; or a
            function f(group) → one finite score ≥ 0 per unit, higher = worth keeping. Scores of a
            function are taken as not comparable between groups unless it has an attribute
            `comparable` that is true.
        data: What criteria that need data, `"taylor"` for one, are to judge by.

    Returns:
        A `Criterion`; one of the user's own has its scores checked.

    Raises:
        PruneError: there is no such criterion, or it needs data; on scoring with a user's own: the
            scores are not one number ≥ 0 per unit.

    Example:
        >>> as_criterion("l1")
        Magnitude(p=1, reads=False)
        >>> as_criterion(lambda group: np.arange(group.size)).comparable
        False
    """
    if isinstance(criterion, str):
        return _named(criterion, data)
    if isinstance(criterion, type):
        needs = "(data)" if criterion in _WITH_DATA.values() else "()"
        fix = f"give an object: {criterion.__name__}{needs}"
        raise PruneError(f"criterion={criterion.__name__}", "that is a class", fix)
    if isinstance(criterion, _OURS):
        return criterion
    if callable(getattr(criterion, "scores", None)):
        return _Checked(criterion, criterion.scores, may_abstain=True)
    if callable(criterion):
        return _Checked(criterion, lambda model, groups: [criterion(group) for group in groups])
    raise PruneError(
        f"criterion={criterion!r}",
        "it is neither a name, nor a function of a group, nor a criterion",
        f"use one of {', '.join(map(repr, _NAMED))}, or an object such as tfprune.criteria.LAMP()",
    )


def needs_loss(name: str) -> bool:
    """Whether the criterion of this name judges by the loss, so that it needs labels.

    Example:
        >>> needs_loss("taylor"), needs_loss("activation")
        (True, False)
    """
    return _WITH_DATA.get(name) in _BY_LOSS


def check_name(name: str) -> None:
    """Check that there is a criterion of this name.

    Raises:
        PruneError: there is none.
    """
    known = [*_NAMED, *_WITH_DATA]
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1) or list(_NAMED)
        fix = f"use {' or '.join(map(repr, close))}"
        raise PruneError(f"criterion={name!r}", "there is no such criterion", fix)


def _named(name: str, data: Any) -> Criterion:
    check_name(name)
    if name in _NAMED:
        return _NAMED[name]()
    if name in _WITH_DATA and data is not None:
        made: Criterion = _WITH_DATA[name](data)
        return made
    fix = f"give it as an object: tfprune.criteria.{_WITH_DATA[name].__name__}(data)"
    raise PruneError(f"criterion={name!r}", "this criterion needs data", fix)


class _Checked:
    """A criterion of the user's own, whose scores are checked."""

    def __init__(self, own: Any, scores: Callable[..., Any], may_abstain: bool = False) -> None:
        self.comparable = bool(getattr(own, "comparable", False))
        self.unjudged = str(getattr(own, "unjudged", "the criterion gave no score"))
        self.loss_power = getattr(own, "loss_power", None)
        self._name = name_of(own)
        self._scores = scores
        self._may_abstain = may_abstain

    def __repr__(self) -> str:
        return self._name

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return what the user's criterion returned, as float64."""
        found = list(self._scores(model, groups))
        if len(found) != len(groups):
            raise PruneError(
                f"score {len(groups)} groups by {self._name}",
                f"it returned {len(found)} arrays",
                "return one array of scores for each group",
            )
        return [self._check(*pair) for pair in zip(groups, found, strict=True)]

    def _check(self, group: Group, scores: Any) -> np.ndarray:
        try:
            values = np.asarray(scores, "float64")
        except (TypeError, ValueError):
            raise self._refusal(group, f"a {type(scores).__name__} that is no array") from None
        if values.shape != (group.size,):
            raise self._refusal(group, f"scores of shape {values.shape}")
        if self._may_abstain and np.isnan(values).all():
            return values
        if not np.isfinite(values).all() or values.min() < 0:
            raise self._refusal(group, "NaN, infinite or negative scores")
        return values

    def _refusal(self, group: Group, found: str) -> PruneError:
        fix = f"return {group.size} finite scores >= 0, one per unit, higher = worth keeping"
        return PruneError(f"score group {group.name!r} by {self._name}", f"it gave {found}", fix)
