"""A width for each of several groups: the least loss at which a cost is not exceeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.errors import InfeasibleError

Array = NDArray[np.float64]

_GAP = 5e-3
"""How far from the best, relative, a solution may be proved to be."""
_NODES = 2000
"""Nodes of the search tree at most: a limit in seconds would not give the same twice."""


@dataclass(frozen=True, eq=False)
class WidthCosts:
    """A cost as a sum over groups and over pairs of groups.

    Args:
        fixed: What does not depend on any choice.
        alone: For each group what it adds, one number for each of its choices.
        pairs: (first, second) → what both add together, (choices of first, choices of second).

    Example:
        >>> import numpy as np
        >>> both = {(0, 1): np.array([[8.0, 4.0], [4.0, 2.0]])}
        >>> WidthCosts(1.0, [np.zeros(2), np.array([0.0, 3.0])], both).of([0, 1])
        8.0
    """

    fixed: float
    alone: Sequence[Array]
    pairs: Mapping[tuple[int, int], Array] = field(default_factory=dict)

    def of(self, chosen: Sequence[int]) -> float:
        """Return the cost of one choice for each group."""
        total = self.fixed + sum(own[c] for own, c in zip(self.alone, chosen, strict=True))
        return float(total + sum(m[chosen[a], chosen[b]] for (a, b), m in self.pairs.items()))


def knapsack(losses: Sequence[Array], costs: WidthCosts, goal: float) -> list[int]:
    """Choose one width for each group, so that the losses add up to least and the cost is met.

    With x[g, k] = 1 where group g takes its choice k, and y = x[g, k] · x[h, l] for two groups
    whose widths decide a cost together,

        minimise Σ loss[g, k] x[g, k]
        so that  Σ_k x[g, k] = 1,  Σ_l y[k, l] = x[g, k],  Σ_k y[k, l] = x[h, l],
                 fixed + Σ alone · x + Σ pairs · y ≤ goal

    which is a multiple-choice knapsack (HALP: Shen et al. 2021, arXiv:2110.10811, section 3.2)
    whose products are linear: the sums over rows and columns leave y no other value than the
    product where x is whole. Solved by `scipy.optimize.milp`; the same input gives the same choice.

    Args:
        losses: For each group the loss of each of its choices, >= 0.
        costs: What the choices cost, in any unit.
        goal: What must not be exceeded.

    Returns:
        The number of the choice of each group.

    Raises:
        InfeasibleError: no choice is cheap enough; it tells the least cost.

    Example:
        >>> import numpy as np
        >>> both = {(0, 1): np.array([[16.0, 8.0], [8.0, 4.0]])}
        >>> costs = WidthCosts(0.0, [np.zeros(2), np.zeros(2)], both)
        >>> knapsack([np.array([0.0, 5.0]), np.array([0.0, 1.0])], costs, goal=8)
        [0, 1]
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    problem = _Problem(losses, costs)
    spread = max(max((float(own.max()) for own in losses), default=0.0), 1e-12)
    scale = max(abs(goal), 1e-12)
    limits = [
        LinearConstraint(problem.links, problem.sums, problem.sums),
        LinearConstraint(problem.cost[None] / scale, -np.inf, (goal - costs.fixed) / scale),
    ]
    found = milp(
        problem.loss / spread,
        integrality=problem.whole,
        bounds=Bounds(0, 1),
        constraints=limits,
        options={"mip_rel_gap": _GAP, "node_limit": _NODES},
    )
    if found.x is None:
        raise _unreachable(goal, costs, limits[0], problem)
    return problem.chosen(found.x)


def _unreachable(goal: float, costs: WidthCosts, links: Any, problem: _Problem) -> InfeasibleError:
    from scipy.optimize import Bounds, milp

    cheapest = milp(
        problem.cost,
        integrality=problem.whole,
        bounds=Bounds(0, 1),
        constraints=[links],
        options={"node_limit": _NODES},
    )
    least = costs.of(problem.chosen(cheapest.x))
    return InfeasibleError(
        f"bring the cost down to {goal:,.4g}",
        f"{least:,.4g} is the least that any choice of widths can reach",
        "raise the goal or max_ratio, or lower min_width, round_to or the number of layers kept",
    )


class _Problem:
    """Columns and rows of the program: all x, then all y."""

    def __init__(self, losses: Sequence[Array], costs: WidthCosts) -> None:
        from scipy.sparse import csr_array

        sizes = [len(own) for own in losses]
        self._starts = np.cumsum([0, *sizes])
        count = int(self._starts[-1])
        columns = count + sum(matrix.size for matrix in costs.pairs.values())
        self.loss, self.cost = np.zeros(columns), np.zeros(columns)
        self.whole = np.zeros(columns)
        self.whole[:count] = 1
        self.loss[:count] = np.concatenate(losses)
        self.cost[:count] = np.concatenate(costs.alone)
        entries: list[tuple[int, int, float]] = []
        sums: list[float] = []
        for start, size in zip(self._starts, sizes, strict=False):
            entries += [(len(sums), int(start) + k, 1.0) for k in range(size)]
            sums.append(1.0)
        at = count
        for (first, second), matrix in costs.pairs.items():
            self.cost[at : at + matrix.size] = matrix.ravel()
            numbers = at + np.arange(matrix.size).reshape(matrix.shape)
            for group, rows in ((first, numbers), (second, numbers.T)):
                for k, row in enumerate(rows):
                    entries += [(len(sums), int(number), 1.0) for number in row]
                    entries.append((len(sums), int(self._starts[group]) + k, -1.0))
                    sums.append(0.0)
            at += matrix.size
        row, column, value = zip(*entries, strict=True)
        self.links = csr_array((value, (row, column)), shape=(len(sums), columns))
        self.sums = np.array(sums)

    def chosen(self, x: Array) -> list[int]:
        """Return the choice of each group."""
        bounds = zip(self._starts[:-1], self._starts[1:], strict=True)
        return [int(np.argmax(x[start:end])) for start, end in bounds]
