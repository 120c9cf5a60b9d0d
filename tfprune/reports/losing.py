"""Which classes lose most beside the first model, and whether chance may explain it."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.evaluation.classes import ClassRow
from tfprune.reports.comparison import Comparison, ReportedModel

MOST = 5


@dataclass(frozen=True)
class ClassLoss:
    """One class of one model beside the same class of the first model.

    Args:
        model: The model's label.
        before: The class in the first model.
        after: The class in this model.
    """

    model: str
    before: ClassRow
    after: ClassRow

    @property
    def change(self) -> float:
        """The share right, after minus before."""
        return (self.after.accuracy or 0.0) - (self.before.accuracy or 0.0)

    @property
    def clear(self) -> bool:
        """Whether the two intervals of 95 % do not touch.

        Both were judged on the same samples, so that less would do: a change that is clear here
        is clear, one that is not may be.
        """
        (low, high), (other_low, other_high) = self.before.interval, self.after.interval
        return other_high < low or high < other_low


def class_losses(record: Comparison, most: int = MOST) -> list[ClassLoss]:
    """Return for each model but the first the classes that lose, the largest loss first.

    Example:
        >>> row = dict(label="cat", samples=100, predicted=90)
        >>> models = [ReportedModel(label=name, per_class=(ClassRow(right=right, **row),))
        ...           for name, right in (("dense", 90), ("small", 70))]
        >>> [loss] = class_losses(Comparison(title="", created="", models=tuple(models)))
        >>> round(loss.change, 2), loss.clear
        (-0.2, True)
    """
    if not record.models:
        return []
    first, *others = record.models
    return [loss for model in others for loss in _losing(first, model)[:most]]


def _losing(first: ReportedModel, model: ReportedModel) -> list[ClassLoss]:
    before = {(row.output, row.label): row for row in first.per_class if row.samples}
    pairs = [
        ClassLoss(model.label, before[row.output, row.label], row)
        for row in model.per_class
        if row.samples and (row.output, row.label) in before
    ]
    return sorted((loss for loss in pairs if loss.change < 0), key=lambda loss: loss.change)
