"""A ratio → which units stay: the same share everywhere, or the lowest-ranked of all."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Sequence
from typing import Literal, get_args

from tfprune.allocate.candidate import Allocation, Candidate, check_ratio, removed_units
from tfprune.allocate.ranking import rank_together
from tfprune.errors import PruneError

Scope = Literal["local", "global", "isomorphic"]
SCOPES: tuple[str, ...] = get_args(Scope)


def allocate(
    candidates: Sequence[Candidate],
    ratio: float,
    scope: Scope = "local",
    comparable: bool = True,
    max_ratio: float = 0.9,
) -> list[Allocation]:
    """Decide which units stay when a share of them is removed.

    "local" removes the same share of every candidate, "global" the lowest-ranked units of all
    candidates together, "isomorphic" the lowest-ranked units among the candidates of each kind,
    the same share of every kind (Fang et al., "Isomorphic Pruning for Vision Models", ECCV 2024,
    arXiv:2407.04616).

    The number removed is the nearest to `ratio` times the number of units; a half stays. Among
    equal scores the earlier unit stays. A candidate with a ratio of its own, or without scores, is
    left out of the common share. When candidates are ranked together and one may not shrink any
    more, the next in the ranking go instead, so that the share is reached if it can be; with
    `round_to` they go in blocks, ranked by their mean score. Locally the width is the nearest
    multiple of `round_to`, a half upwards.

    Args:
        candidates: Any number of them.
        ratio: Share of the units removed, in [0, 1).
        scope: "local", "global" or "isomorphic".
        comparable: Whether scores of different candidates may be ranked together as they are.
            If not, each candidate's scores are first divided by their mean.
        max_ratio: No candidate without a ratio of its own loses a larger share than this.

    Returns:
        One `Allocation` per candidate, never without a unit.

    Raises:
        PruneError: `ratio`, `scope` or `max_ratio` is out of range.

    Example:
        >>> conv = Candidate(name="conv", scores=[3.0, 1.0, 2.0, 4.0], kind="conv")
        >>> allocate([conv], ratio=0.5)[0].keep.tolist()
        [True, False, False, True]
    """
    check_ratio("ratio", ratio)
    check_settings(scope, max_ratio)
    if ratio > max_ratio:
        raise PruneError(
            f"ratio={ratio} with max_ratio={max_ratio}",
            "no candidate may lose a larger share than max_ratio",
            f"use max_ratio={ratio} or a smaller ratio",
        )
    return allocated(candidates, ratio, scope, comparable, max_ratio)


def check_settings(scope: str, max_ratio: float) -> None:
    """Raise PruneError for an unknown scope or a max_ratio outside (0, 1]."""
    if scope not in SCOPES:
        close = difflib.get_close_matches(str(scope), SCOPES, n=1) or SCOPES
        raise PruneError(f"scope={scope!r}", "there is no such scope", f"use {' or '.join(close)}")
    if not 0 < max_ratio <= 1:
        raise PruneError(f"max_ratio={max_ratio}", "it must be in (0, 1]", "use max_ratio=0.9")


def allocated(
    candidates: Sequence[Candidate], ratio: float, scope: str, comparable: bool, max_ratio: float
) -> list[Allocation]:
    """Do what `allocate` says, its arguments being checked."""
    kept: dict[int, Allocation] = {}
    pools: dict[Hashable, list[int]] = {}
    for i, candidate in enumerate(candidates):
        if not candidate.judged:
            kept[i] = candidate.keeping(candidate.size, "no scores")
        elif candidate.ratio is not None:
            reason = f"its own ratio {candidate.ratio:.3g}"
            kept[i] = _share_of(candidate, candidate.ratio, 1.0, reason)
        elif scope == "local":
            kept[i] = _share_of(candidate, ratio, max_ratio, f"ratio {ratio:.3g}")
        else:
            pools.setdefault(candidate.kind if scope == "isomorphic" else None, []).append(i)
    for pool in pools.values():
        ranked = rank_together([candidates[i] for i in pool], ratio, comparable, max_ratio)
        kept.update(zip(pool, ranked, strict=True))
    return [kept[i] for i in range(len(candidates))]


def _share_of(candidate: Candidate, ratio: float, max_ratio: float, reason: str) -> Allocation:
    """Remove a share of one candidate; `reason` is what is said if nothing else binds."""
    size, step = candidate.size, candidate.round_to
    asked = size - removed_units(ratio, size)
    if asked == size:
        return candidate.keeping(size, reason)
    width = min(step * ((2 * asked + step) // (2 * step)), size // step * step)
    least, bound = candidate.least(max_ratio)
    if width < least:
        return candidate.keeping(least, bound)
    rounded = f"{reason}, rounded to a multiple of {step}"
    return candidate.keeping(width, reason if width == asked else rounded)
