"""Ids of units, which of them go together, and which must stay."""

from __future__ import annotations

import numpy as np

Ids = np.ndarray


class UnitLedger:
    """Hands out ids and remembers what rules say about them; nothing is merged before `roots`.

    Example:
        >>> ledger = UnitLedger()
        >>> a, b = ledger.new(2), ledger.new(2)
        >>> ledger.same(a, b)
        >>> ledger.roots().tolist()
        [0, 1, 0, 1]
    """

    def __init__(self) -> None:
        self.size = 0
        self._pairs: list[tuple[Ids, Ids]] = []
        self._kept: list[tuple[Ids, str]] = []

    def new(self, count: int) -> Ids:
        """Return `count` ids that nobody has."""
        self.size += count
        return np.arange(self.size - count, self.size)

    def same(self, a: Ids, b: Ids) -> None:
        """Say that the units at the same place of `a` and `b` can only be removed together."""
        if a is not b:
            self._pairs.append((a, b))

    def keep(self, ids: Ids, reason: str) -> None:
        """Say that these units must stay."""
        self._kept.append((ids, reason))

    def roots(self) -> Ids:
        """Return for each id the lowest id that it goes together with."""
        if not self._pairs:
            return np.arange(self.size)
        a = np.concatenate([pair[0] for pair in self._pairs])
        b = np.concatenate([pair[1] for pair in self._pairs])
        return _components(self.size, a, b)

    def kept(self, roots: Ids) -> dict[int, str]:
        """Return root → the last reason given why it must stay."""
        reasons: dict[int, str] = {}
        for ids, reason in self._kept:
            for root in np.unique(roots[ids]).tolist():
                reasons[root] = reason
        return reasons


def _components(size: int, a: Ids, b: Ids) -> Ids:
    """Connected components: hook each root to its lowest neighbour, then follow the pointers."""
    roots = np.arange(size)
    while True:
        lowest = np.minimum(roots[a], roots[b])
        hooked = roots.copy()
        np.minimum.at(hooked, roots[a], lowest)
        np.minimum.at(hooked, roots[b], lowest)
        while not np.array_equal(hooked, hooked[hooked]):
            hooked = hooked[hooked]
        if np.array_equal(hooked, roots):
            return roots
        roots = hooked
