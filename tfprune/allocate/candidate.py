"""One group of units that may become narrower, and what stays of it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from tfprune.errors import PruneError

_NOISE = 1e-9  # of a unit: 0.29 * 100 is 28.999999999999996


@dataclass(frozen=True, eq=False)
class Allocation:
    """What stays of one candidate.

    Args:
        keep: Booleans, one per unit.
        reason: Why not more was removed.
    """

    keep: np.ndarray
    reason: str

    @property
    def width(self) -> int:
        """How many units stay."""
        return int(self.keep.sum())


@dataclass(frozen=True, eq=False, kw_only=True)
class Candidate:
    """Units that may be removed, with a score for each.

    Args:
        name: For errors.
        scores: One number ≥ 0 per unit, higher = worth keeping; all NaN if there is no score, the
            candidate then stays whole.
        kind: Candidates of one kind have the same structure (isomorphic ranking).
        ratio: Share of its units to remove, in [0, 1); None to take part in the common ratio.
        min_width: Fewest units that stay.
        round_to: The number of units that stay is a multiple of it, unless none is removed.
        weight: How much one unit counts in the total that a common ratio is a share of, e.g. the
            number of channels in a head.

    Raises:
        PruneError: an argument is out of range, or some of the scores are NaN.

    Example:
        >>> Candidate(name="conv1", scores=[0.5, 2.0, 1.0], kind="conv").size
        3
    """

    name: str
    scores: np.ndarray
    kind: Hashable
    ratio: float | None = None
    min_width: int = 1
    round_to: int = 1
    weight: float = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "scores", np.asarray(self.scores, "float64"))
        self._check_scores()
        if self.ratio is not None:
            check_ratio(f"the ratio of {self.name!r}", self.ratio)
        for setting, least in (("min_width", 1), ("round_to", 1)):
            if getattr(self, setting) < least:
                asked = f"{setting}={getattr(self, setting)} for {self.name!r}"
                raise PruneError(asked, f"{setting} is at least {least}", f"use {setting}={least}")
        if not self.weight > 0:
            asked = f"weight={self.weight} for {self.name!r}"
            raise PruneError(asked, "a unit counts more than nothing", "use weight=1")

    def _check_scores(self) -> None:
        asked = f"the scores of {self.name!r}"
        if self.scores.ndim != 1 or not self.size:
            found = f"an array of shape {self.scores.shape}"
            raise PruneError(asked, found, "give one score per unit, at least one")
        if self.judged and not (np.isfinite(self.scores).all() and self.scores.min() >= 0):
            found = "NaN, infinite or negative scores"
            raise PruneError(asked, found, "give finite scores >= 0, or NaN for all of them")

    @property
    def size(self) -> int:
        """How many units it has."""
        return len(self.scores)

    @property
    def judged(self) -> bool:
        """Whether its units have scores."""
        return not np.isnan(self.scores).all()

    def least(self, max_ratio: float = 1.0) -> tuple[int, str]:
        """Return the fewest units that may stay, and what forbids fewer."""
        if self.size < self.round_to:
            return self.size, f"narrower than round_to {self.round_to}"
        by_share = math.ceil(self.size * (1 - max_ratio) - _NOISE)
        width, reason = max(
            (self.round_to, f"one multiple of {self.round_to} stays")
            if self.round_to > 1
            else (1, "the last unit stays"),
            (self.min_width, f"min_width {self.min_width}"),
            (by_share, f"max_ratio {max_ratio:g}"),
            key=lambda bound: bound[0],
        )
        return min(self.size, self.round_to * math.ceil(width / self.round_to)), reason

    def removal_order(self) -> np.ndarray:
        """Return the units, the lowest score first; among equals the earlier unit goes later."""
        return np.argsort(-self.scores, kind="stable")[::-1]

    def keeping(self, width: int, reason: str) -> Allocation:
        """Return the `width` units with the highest scores."""
        keep = np.ones(self.size, bool)
        keep[self.removal_order()[: self.size - width]] = False
        return Allocation(keep, reason)


def removed_units(ratio: float, size: int) -> int:
    """Return how many of `size` units a ratio removes: the nearest number, a half stays."""
    return math.ceil(ratio * size - 0.5 - _NOISE)


def check_ratio(asked: str, ratio: float) -> None:
    """Raise PruneError unless 0 ≤ ratio < 1."""
    if not 0 <= ratio < 1:
        fix = f"write {ratio / 100:g}" if 1 < ratio < 100 else "a number such as 0.4"
        raise PruneError(
            f"{asked}: {ratio}", "a ratio is the share of units removed, at least 0, below 1", fix
        )


def evenly(widths: Sequence[int], count: int) -> list[int]:
    """Return some of the widths, evenly spread, the first and the last among them.

    Example:
        >>> evenly([8, 16, 24, 32, 40], 3), evenly([6], 3)
        ([8, 24, 40], [6])
    """
    places = np.unique(np.linspace(0, len(widths) - 1, count).round().astype(int))
    return [widths[place] for place in places]
