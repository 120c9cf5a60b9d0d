"""Widths from measured sensitivities: the least loss at which a cost is not exceeded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tfprune.allocate import Allocation, Candidate, evenly, knapsack
from tfprune.allocate.target import unreachable
from tfprune.channels import Group, KeptUnits
from tfprune.curves import Sensitivity
from tfprune.errors import PruneError
from tfprune.surgery.costs import Costs

_CHOICES = 12
_TRIES = 12
_MOST, _TIE = 1e6, 1e-4
"""A loss that is infinite counts as so much; what the whole width of a group is worth by itself."""
UNMEASURED = "its sensitivity was not measured"


def measured_groups(groups: Sequence[tuple[str, Group]], found: Sensitivity) -> list[Group]:
    """Return those that a sensitivity knows.

    Args:
        groups: Key and group of those that may lose units.
        found: The sensitivity.

    Raises:
        PruneError: it is of another model.
    """
    known = [(key, group) for key, group in groups if key in found.order]
    other = [key for key, group in known if len(found.order[key]) != group.size]
    if other or not known:
        what = f"{other[0]!r} has other units there" if other else "it knows none of the groups"
        raise PruneError(
            f"widths by the sensitivity of {found.subject!r}",
            f"it is of another model: {what}",
            "measure this one: tfprune.sensitivity(model, data)",
        )
    return [group for _, group in known]


def scores_of(key: str, found: Sensitivity) -> np.ndarray:
    """Return scores that put the units of a group into the order in which they were removed."""
    order = list(found.order[key])
    scores = np.zeros(len(order))
    scores[order] = np.arange(len(order)) + 1
    return scores


def searched(
    keys: Sequence[str],
    candidates: Sequence[Candidate],
    found: Sensitivity,
    costs: Costs,
    target: str,
    goal: float,
    max_ratio: float,
    kept_if: Callable[[Sequence[np.ndarray]], KeptUnits],
) -> list[Allocation]:
    """Choose widths for which losses measured one by one add up to least, the cost being met.

    That losses of groups pruned alone add up is what SPDY (Frantar and Alistarh 2022,
    arXiv:2201.13096) and HAWQ-V3 (Yao et al. 2021, arXiv:2011.10680) take for layers: an
    assumption, good while each loses little. Which widths are best is then a knapsack
    (`tfprune.allocate.knapsack`).

    Args:
        keys: The groups by which their sensitivities are found.
        candidates: The groups with their bounds.
        found: The sensitivities.
        costs: What widths cost.
        target: In which cost.
        goal: What it must not exceed.
        max_ratio: No group loses a larger share.
        kept_if: Keep arrays → the units that stay.

    Returns:
        One `Allocation` for each group.

    Raises:
        PruneError: no widths are cheap enough.
    """
    widths = [_choices(candidate, max_ratio) for candidate in candidates]
    losses = [_losses(found, *own) for own in zip(keys, widths, strict=True)]
    by_widths = costs.by_widths(target, widths)
    whole = costs.of(target, kept_if([np.ones(c.size, bool) for c in candidates]))
    asked, reached = goal, whole
    for _ in range(_TRIES):
        chosen = knapsack(losses, by_widths, asked)
        shares = [
            _allocation(candidate, own[k], found.rise(key, own[k]), max_ratio)
            for key, candidate, own, k in zip(keys, candidates, widths, chosen, strict=True)
        ]
        reached = costs.of(target, kept_if([share.keep for share in shares]))
        if reached <= goal * (1 + 1e-9):
            return shares
        asked -= 1.05 * (reached - goal)  # where the sum over pairs only comes near to the cost
    raise unreachable(goal, whole, reached, max_ratio)


def _losses(found: Sensitivity, key: str, widths: Sequence[int]) -> np.ndarray:
    """Return the loss at each width; of widths that lose the same the wider is the better one."""
    rises = np.array([min(found.rise(key, width), _MOST) for width in widths])
    return rises + _TIE * (1 - np.array(widths) / widths[0])


def _choices(candidate: Candidate, max_ratio: float) -> list[int]:
    """Return widths to choose from, the whole first, evenly spread where there are many."""
    least, _ = candidate.least(max_ratio)
    step = candidate.round_to
    every = [candidate.size, *range((candidate.size - 1) // step * step, least - 1, -step)]
    return evenly(every, _CHOICES)


def _allocation(candidate: Candidate, width: int, rise: float, max_ratio: float) -> Allocation:
    least, bound = candidate.least(max_ratio)
    reason = f"loss +{rise:.3g} alone"
    return candidate.keeping(width, f"{reason}; {bound}" if width == least else reason)
