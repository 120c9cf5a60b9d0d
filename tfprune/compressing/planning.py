"""What goes on the way from a network to a smaller one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfprune.channels import Group
from tfprune.compressing.feeding import load_samples
from tfprune.compressing.job import Job, Network
from tfprune.compressing.notches import between
from tfprune.compressing.searching import MeasuredWidths, sensitivity_of
from tfprune.criteria import Criterion, as_criterion
from tfprune.curves import LatencyTable
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


UnitJudge = Criterion | MeasuredWidths
"""What decides which units go: a ranking of all, or what was measured of each group."""


def judge_of(
    job: Job, network: Network, model: Any, samples: FinishedStep, table: LatencyTable | None
) -> UnitJudge:
    """Return what decides which units of a network go, judged by the samples."""
    if job.searches:
        return MeasuredWidths(sensitivity_of(job, network, samples), table)
    job.way.prepare(model)
    return ScoredOnce(as_criterion(job.criterion, load_samples(samples.file("samples.npz"), model)))


def plan_at(job: Job, network: Network, model: Any, notch: int, judge: UnitJudge) -> StructuredPlan:
    """Plan what goes on the way from a network to a notch.

    Raises:
        PruneError: so much cannot go.
    """
    settings = job.recipe.prune
    how: dict[str, Any] = {"target": "params" if network.macs is None else "macs"}
    if isinstance(judge, MeasuredWidths):
        how["sensitivity"] = judge.sensitivity
        if judge.latency is not None:
            how |= {"target": "latency", "latency": judge.latency}
    else:
        how |= {"criterion": judge, "scope": settings.scope}
    return plan_structured(
        model,
        between(notch, network.notch),
        round_to=settings.round_to,
        max_ratio=settings.max_ratio,
        keep=settings.keep,
        **how,
    )
