"""Candidates ranked together: the lowest blocks of units go first, until the share is reached."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfprune.allocate.candidate import Allocation, Candidate

_NOISE = 1e-9


@dataclass(frozen=True)
class _Block:
    """Units of one candidate that go together, so that its width stays a multiple of round_to."""

    score: float
    candidate: int
    units: int
    counts: float


def rank_together(
    candidates: Sequence[Candidate], ratio: float, comparable: bool, max_ratio: float
) -> list[Allocation]:
    """Remove the lowest-ranked units of all candidates; `ratio` is the share of the whole."""
    leasts = [candidate.least(max_ratio)[0] for candidate in candidates]
    blocks = [
        block
        for i, candidate in enumerate(candidates)
        for block in _blocks(i, candidate, leasts[i], comparable)
    ]
    # Stable: a candidate's blocks keep their order; among equals the later candidate goes first.
    blocks.sort(key=lambda block: (block.score, -block.candidate))
    target = ratio * sum(candidate.size * candidate.weight for candidate in candidates)
    widths = _remove(blocks, target, [candidate.size for candidate in candidates])
    return [
        candidate.keeping(width, _reason(candidate, width, max_ratio))
        for candidate, width in zip(candidates, widths, strict=True)
    ]


def _blocks(index: int, candidate: Candidate, least: int, comparable: bool) -> list[_Block]:
    """Cut what may go of a candidate into blocks, the lowest first."""
    if least == candidate.size:
        return []
    scores = candidate.scores[candidate.removal_order()]
    if not comparable and scores.any():
        scores = scores / scores.mean()
    step = candidate.round_to
    sizes = [candidate.size % step] if candidate.size % step else []
    sizes += [step] * ((candidate.size - sum(sizes) - least) // step)
    starts = np.cumsum([0, *sizes])
    means = [scores[a:b].mean() for a, b in itertools.pairwise(starts)]
    # The mean of equal numbers may be off by a last bit: a later block never ranks lower.
    means = np.maximum.accumulate(means).tolist()
    return [
        _Block(mean, index, units, units * candidate.weight)
        for mean, units in zip(means, sizes, strict=True)
    ]


def _remove(blocks: Sequence[_Block], target: float, widths: list[int]) -> list[int]:
    """Take blocks while that brings the total nearer to the target; return the widths left.

    A block that is too large is passed over for smaller ones of other candidates; the next blocks
    of its own candidate are never smaller, so none goes before it.
    """
    removed = 0.0
    for block in blocks:
        if removed + block.counts / 2 < target - _NOISE:
            removed += block.counts
            widths[block.candidate] -= block.units
    return widths


def _reason(candidate: Candidate, width: int, max_ratio: float) -> str:
    least, bound = candidate.least(max_ratio)
    if width == least:
        return bound
    step = candidate.round_to
    blocks = f", in multiples of {step}" if step > 1 else ""
    return f"the rest rank above the cut{blocks}"
