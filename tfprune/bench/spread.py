"""The statistics of a benchmark: pure functions of measured times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Where the times lie, in the unit they came in."""

    median: float
    p10: float
    p90: float
    min: float


def spread(times: Sequence[float]) -> Spread:
    """Summarize times; percentiles are interpolated linearly between neighbours.

    Example:
        >>> spread([4.0, 1.0, 2.0, 3.0, 5.0])
        Spread(median=3.0, p10=1.4, p90=4.6, min=1.0)
    """
    p10, median, p90 = (float(np.percentile(times, q)) for q in (10, 50, 90))
    return Spread(median, p10, p90, float(min(times)))


@dataclass(frozen=True)
class Ratio:
    """How many times faster than the baseline: the median round, the worst and the best."""

    median: float
    low: float
    high: float


def ratio(baseline: Sequence[Sequence[float]], own: Sequence[Sequence[float]]) -> Ratio:
    """Compare two models round by round, so that a slow minute of the machine cancels out.

    Args:
        baseline: The times of the first model, one sequence for each round.
        own: The times of this model in the same rounds.

    Returns:
        Median, smallest and largest of the rounds' (median baseline / median own).

    Example:
        >>> ratio([[2.0, 2.0], [4.0]], [[1.0, 1.0], [1.0]])
        Ratio(median=3.0, low=2.0, high=4.0)
    """
    pairs = zip(baseline, own, strict=True)
    rounds = [float(np.median(base) / np.median(mine)) for base, mine in pairs]
    return Ratio(float(np.median(rounds)), min(rounds), max(rounds))


def fastest(rounds: Sequence[Sequence[float]]) -> float:
    """Return the shortest time of all rounds.

    Example:
        >>> fastest([[2.0, 3.0], [1.5]])
        1.5
    """
    return min(min(times) for times in rounds)


def is_stable(earlier: Sequence[float], later: Sequence[float], within: float = 0.05) -> bool:
    """Whether two batches of times have medians that differ by at most the share `within`.

    Example:
        >>> is_stable([1.0, 9.0, 1.0], [1.04, 1.04, 1.04]), is_stable([1.0], [0.9])
        (True, False)
    """
    before, after = float(np.median(earlier)), float(np.median(later))
    return abs(after - before) <= within * before


def share(runs: int, rounds: int) -> list[int]:
    """Split `runs` over `rounds` as evenly as it goes.

    Example:
        >>> share(11, 3)
        [4, 4, 3]
    """
    return [runs // rounds + (i < runs % rounds) for i in range(rounds)]
