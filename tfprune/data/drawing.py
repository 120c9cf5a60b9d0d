"""A few samples drawn from all: data may come sorted by class."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tfprune.data.naming import Batch, joined


def drawn(batches: Iterable[Batch], count: int, seed: int) -> tuple[Batch, int]:
    """Return so many samples, drawn evenly from all batches, and how many there were.

    Every sample is looked at once and kept with the same chance (reservoir sampling: Vitter 1985,
    "Random sampling with a reservoir", algorithm R). The same seed draws the same.

    Args:
        batches: Of alike samples, at least one.
        count: How many; fewer where there are fewer.
        seed: What decides.

    Example:
        >>> from tfprune.data.naming import Batch
        >>> found, seen = drawn([Batch({"x": np.arange(4)}, None, None)], 2, seed=0)
        >>> len(found), seen
        (2, 4)
    """
    random, kept, seen = np.random.default_rng(seed), list[Batch](), 0
    for batch in batches:
        for row in range(len(batch)):
            place = seen if seen < count else int(random.integers(seen + 1))
            seen += 1
            if place >= count:
                continue
            one = batch.rows(row, row + 1).mapped(np.array)  # a view would keep the whole batch
            kept[place : place + 1] = [one]
    return joined(kept), seen
