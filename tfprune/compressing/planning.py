"""What goes on the way from a network to a smaller one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.channels import Group
from tfprune.compressing.feeding import load_samples
from tfprune.compressing.job import Job, Network
from tfprune.compressing.notches import between
from tfprune.criteria import Criterion, as_criterion
from tfprune.runs import FinishedStep
from tfprune.surgery import StructuredPlan, plan_structured


class ScoredOnce:
    """A criterion that judges one model once: plans to many sizes ask for the same scores.

    Args:
        criterion: What judges.
    """

    def __init__(self, criterion: Criterion) -> None:
        self._criterion = criterion
        self._scores: list[Any] | None = None
        self.comparable = criterion.comparable
        self.loss_power = getattr(criterion, "loss_power", None)

    @property
    def unjudged(self) -> str:
        """Why a group may come back without scores."""
        return self._criterion.unjudged

    def scores(self, model: Any, groups: Sequence[Group]) -> list[Any]:
        """Return the scores of the first time: the groups of a model are always the same."""
        if self._scores is None:
            self._scores = self._criterion.scores(model, groups)
        return self._scores


def judge_of(job: Job, model: Any, samples: FinishedStep) -> Criterion:
    """Return the criterion of the recipe with the samples as its data, for a model to be pruned."""
    job.way.prepare(model)
    return ScoredOnce(as_criterion(job.criterion, load_samples(samples.file("samples.npz"), model)))


def plan_at(job: Job, network: Network, model: Any, notch: int, judge: Criterion) -> StructuredPlan:
    """Plan what goes on the way from a network to a notch.

    Raises:
        PruneError: so much cannot go.
    """
    settings = job.recipe.prune
    return plan_structured(
        model,
        between(notch, network.notch),
        judge,
        scope=settings.scope,
        target="params" if network.macs is None else "macs",
        round_to=settings.round_to,
        max_ratio=settings.max_ratio,
        keep=settings.keep,
    )
