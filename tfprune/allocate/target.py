"""Remove until a cost is reached: the ratio is found by bisection."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tfprune.allocate.candidate import Allocation, Candidate
from tfprune.allocate.share import Scope, allocated, check_settings
from tfprune.errors import InfeasibleError

_HALVINGS = 24  # the ratio is then known to 6e-8: finer than one unit of any layer


def allocate_to(
    candidates: Sequence[Candidate],
    cost: Callable[[list[np.ndarray]], float],
    goal: float,
    scope: Scope = "local",
    comparable: bool = True,
    max_ratio: float = 0.9,
) -> list[Allocation]:
    """Remove as little as brings the cost down to a goal.

    The common ratio is bisected between 0 and `max_ratio`; `cost` should fall as more is removed.

    Args:
        candidates: Those with a ratio of their own keep it.
        cost: The boolean keep arrays, in the order of `candidates` → cost, e.g. the MACs.
        goal: The cost that must not be exceeded.
        scope: As in `allocate`.
        comparable: As in `allocate`.
        max_ratio: As in `allocate`.

    Returns:
        One `Allocation` per candidate: of all those tried the dearest with cost ≤ goal, so as near
        as removing one unit of a layer (of every layer of a width, with scope="local") allows.

    Raises:
        InfeasibleError: even the largest removal stays above the goal; it tells the least cost.

    Example:
        >>> conv = Candidate(name="conv", scores=[3.0, 1.0, 2.0, 4.0], kind="conv")
        >>> allocate_to([conv], lambda keeps: 10 * keeps[0].sum(), goal=35)[0].keep.tolist()
        [True, False, True, True]
    """
    check_settings(scope, max_ratio)
    known: dict[tuple[int, ...], float] = {}

    def at(ratio: float) -> tuple[list[Allocation], float]:
        kept = allocated(candidates, ratio, scope, comparable, max_ratio)
        widths = tuple(one.width for one in kept)  # they decide which units stay
        if widths not in known:
            known[widths] = float(cost([one.keep for one in kept]))
        return kept, known[widths]

    whole, start = at(0.0)
    if start <= goal:
        return whole
    best, reached = at(max_ratio)
    if reached > goal:
        raise unreachable(goal, start, reached, max_ratio)
    low, high = 0.0, max_ratio
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        kept, found = at(middle)
        if found > goal:
            low = middle
        else:
            high = middle
            best, reached = max((best, reached), (kept, found), key=lambda pair: pair[1])
    return best


def unreachable(goal: float, start: float, least: float, max_ratio: float) -> InfeasibleError:
    """Return the error for a cost that no removal brings down to a goal."""
    return InfeasibleError(
        f"bring the cost from {start:,.0f} down to {goal:,.0f}",
        f"{least:,.0f} is the least that can be reached with max_ratio={max_ratio:g}",
        "raise the goal or max_ratio, or lower min_width, round_to or the number of layers kept",
    )
