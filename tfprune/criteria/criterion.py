"""What a criterion is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from tfprune.channels import Group


@runtime_checkable
class Criterion(Protocol):
    """Gives each unit of each group one score, higher = worth keeping.

    `comparable` says whether scores of different groups may be ranked together as they are; if
    not, a ranking over several groups first divides each group's scores by their mean. A group
    that the criterion cannot judge (no normalization layer, say) gets NaN for all its units and is
    kept whole; `unjudged` says why, for the plan's row. A criterion whose scores estimate the
    change of the loss may also have `loss_power`, the power at which they add up when several
    units go; where a plan has a target in MACs or parameters, score ** loss_power is divided by
    what the unit costs.

    Example:
        >>> class Widest:
        ...     comparable = False
        ...     unjudged = ""
        ...
        ...     def scores(self, model, groups):
        ...         return [np.arange(group.size, dtype="float64") for group in groups]
        >>> isinstance(Widest(), Criterion)
        True
    """

    @property
    def comparable(self) -> bool:
        """Whether scores of different groups may be ranked together as they are."""
        ...

    @property
    def unjudged(self) -> str:
        """Why a group may come back with NaN for all its units."""
        ...

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return for each group a float64 array of shape (group.size,), ≥ 0 or all NaN.

        Args:
            model: The model, which must not be changed.
            groups: The groups to judge.
        """
        ...
