"""Notches: the fixed grid of sizes that networks are pruned to.

One notch leaves nine tenths of the multiply-accumulates (of the parameters where those are not
known). The guide's advice is a tenth at a time; and a grid lets a run with another budget find the
networks that an earlier one made.
"""

from __future__ import annotations

from collections.abc import Callable

KEPT = 0.9
LAST = 28
"""Leaves a twentieth."""


def share_at(notch: int) -> float:
    """Return the share of the dense model that is left.

    Example:
        >>> round(share_at(6), 3), share_at(0)
        (0.531, 1.0)
    """
    return KEPT**notch


def between(notch: int, start: int) -> float:
    """Return the share that a network at `start` loses on its way to `notch`."""
    return 1 - share_at(notch) / share_at(start)


def first_that(fits: Callable[[int], bool], low: int = 0, high: int = LAST) -> int | None:
    """Return the first notch that fits, if those behind one that fits do, too; None if none does.

    Example:
        >>> first_that(lambda notch: notch >= 5), first_that(lambda notch: False)
        (5, None)
    """
    if not fits(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if fits(middle):
            high = middle
        else:
            low = middle + 1
    return high
