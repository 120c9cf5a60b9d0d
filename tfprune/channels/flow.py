"""Flow: which units lie along the axes of one tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tfprune.channels.units import Ids

Shape = tuple[int | None, ...]


@dataclass(frozen=True, eq=False)
class Flow:
    """The units of one tensor.

    Args:
        shape: The tensor's shape, batch first; None for a length that is not known.
        units: Axis → one id for each position along it. An axis that is not there has a fixed
            length. All positions along the other axes belong to the same units.
        floored: Whether no value is below zero, so that a largest value is never a removed one.

    Example:
        >>> import numpy as np
        >>> flow = Flow((None, 8, 8, 2), {3: np.array([4, 5])})
        >>> flow[-1].tolist(), flow[1]
        ([4, 5], None)
    """

    shape: Shape
    units: Mapping[int, Ids] = field(default_factory=dict)
    floored: bool = False

    def __getitem__(self, axis: int) -> Ids | None:
        return self.units.get(self.axis(axis))

    @property
    def rank(self) -> int:
        """The number of axes, the batch included."""
        return len(self.shape)

    def axis(self, axis: int) -> int:
        """Return an axis counted from 0, also if it was counted from the end."""
        return axis % self.rank

    def others(self, axes: Iterable[int]) -> dict[int, Ids]:
        """Return the units along all axes but these."""
        left_out = {self.axis(axis) for axis in axes}
        return {axis: ids for axis, ids in self.units.items() if axis not in left_out}
