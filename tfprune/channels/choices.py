"""Choices: which axis carries the units that a reshape spreads over several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfprune.channels.units import Ids


class Choices:
    """Tries the axes of each such reshape one after the other, until its units can be removed.

    What follows in the graph decides which axis is the right one: hand-written attention, a
    channel shuffle and a decoder's first image all split one axis in their own way.

    Example:
        >>> import numpy as np
        >>> choices = Choices()
        >>> choices.take("reshape", 2, np.arange(6)), choices.go_on(lambda ids: True)
        (0, True)
        >>> choices.take("reshape", 2, np.arange(6)), choices.go_on(lambda ids: False)
        (1, False)
    """

    def __init__(self) -> None:
        self._taken: dict[Any, int] = {}
        self._met: dict[Any, tuple[int, Ids]] = {}

    def take(self, key: Any, count: int, ids: Ids) -> int:
        """Return which of `count` possibilities is tried now for these units."""
        self._met[key] = count, ids
        return self._taken.get(key, 0) % count

    def go_on(self, stay: Callable[[Ids], bool]) -> bool:
        """Take the next possibility wherever all units stay; return whether one is left to try.

        Where all failed, the first is taken again: its reason is the one to be told.
        """
        again = False
        for key, (count, ids) in self._met.items():
            tried = self._taken.get(key, 0)
            if tried < count and stay(ids):
                self._taken[key] = tried + 1
                again = True
        return again
