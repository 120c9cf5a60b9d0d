"""Criteria that look at the filters: the slices of the kernels that produce a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from tfprune.channels import Group
from tfprune.criteria.pooling import filters, kernels, power_sum
from tfprune.errors import PruneError

_NO_KERNEL = "no kernel writes these units"
_COLUMNS = 4096  # of filters whose distances are taken at once


@dataclass(frozen=True)
class Magnitude:
    """The norm of all kernel weights that belong to a unit.

    score_i = (Σ |w|^p)^(1/p) over the kernels that produce unit i; Li et al., "Pruning Filters for
    Efficient ConvNets", ICLR 2017, arXiv:1608.08710 (p=1). Over the members of a group the norm is
    that of all their weights together, with `reads` also of the kernels that sum over the unit;
    Fang et al., "DepGraph: Towards Any Structural Pruning", CVPR 2023, arXiv:2301.12900. Biases and
    normalization scales do not count. A norm grows with the number and the spread of a layer's
    weights, so scores of different groups cannot be compared.

    Args:
        p: 1 or 2.
        reads: Count the kernels that read the unit too.

    Raises:
        PruneError: `p` is neither 1 nor 2; on scoring: a kernel is not finite.

    Example:
        >>> import keras
        >>> from tfprune.channels import trace
        >>> layers = [keras.layers.Dense(2, name="hidden"), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((2,)), *layers])
        >>> layers[0].set_weights([np.array([[3, 1], [-4, 1]]), np.zeros(2)])
        >>> groups = [group for group in trace(model).groups if group.name == "hidden"]
        >>> Magnitude(p=1).scores(model, groups)
        [array([7., 2.])]
    """

    p: Literal[1, 2] = 2
    reads: bool = False
    comparable: ClassVar[bool] = False
    unjudged: ClassVar[str] = _NO_KERNEL

    def __post_init__(self) -> None:
        if self.p not in (1, 2):
            raise PruneError(f"Magnitude(p={self.p!r})", "p must be 1 or 2", "use p=2")

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one norm per unit."""
        roles = ("writes", "reads") if self.reads else ("writes",)
        return [power_sums(group, self.p, roles) ** (1 / self.p) for group in groups]


@dataclass(frozen=True)
class LAMP:
    """The share of a filter's energy among all that are not smaller.

    score_i = n_i / Σ_{j: n_j ≥ n_i} n_j with n_i the squared L2 norm of unit i's kernels; Lee et
    al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021, arXiv:2010.07611,
    with filters in the place of weights. The largest unit of a group scores 1 whatever the scale
    of its weights, so scores of different groups can be compared.

    Raises:
        PruneError: on scoring: a kernel is not finite.

    Example:
        >>> lamp(np.array([1.0, 3.0, 2.0]))
        array([0.16666667, 1.        , 0.4       ])
    """

    comparable: ClassVar[bool] = True
    unjudged: ClassVar[str] = _NO_KERNEL

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one share per unit, in [0, 1]."""
        return [lamp(power_sums(group, 2)) for group in groups]


@dataclass(frozen=True)
class FPGM:
    """How far a filter is from the other filters of its kernel.

    score_i = Σ_j ‖w_i - w_j‖₂ over the filters of a kernel, summed over the group's kernels; the
    filters nearest to their geometric median can be replaced by the others. He et al., "Filter
    Pruning via Geometric Median for Deep Convolutional Neural Networks Acceleration", CVPR 2019,
    arXiv:1811.00250. Distances grow with a layer's width and weights, so scores of different
    groups cannot be compared. A filter of zeros need not score low.

    Raises:
        PruneError: on scoring: a kernel is not finite.

    Example:
        >>> distances(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]))
        array([ 5., 10.,  5.])
    """

    comparable: ClassVar[bool] = False
    unjudged: ClassVar[str] = _NO_KERNEL

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one sum of distances per unit."""
        return [
            sum((distances(filters(m, g.size)) for m in kernels(g)), np.zeros(g.size))
            if kernels(g)
            else np.full(g.size, np.nan)
            for g in groups
        ]


def power_sums(group: Group, p: Literal[1, 2], roles: tuple[str, ...] = ("writes",)) -> np.ndarray:
    """Return Σ |w|^p over the kernel weights of each unit, NaN if no kernel writes them."""
    if not kernels(group):
        return np.full(group.size, np.nan)
    parts = (power_sum(member, p, group.size) for member in kernels(group, roles))
    return sum(parts, np.zeros(group.size))


def lamp(energies: np.ndarray) -> np.ndarray:
    """Return each energy's share in the sum of those not smaller; 0 where all are 0."""
    ascending = np.sort(energies)
    not_smaller = np.cumsum(ascending[::-1])[::-1]
    sums = not_smaller[np.searchsorted(ascending, energies)]
    return energies / np.where(sums == 0, 1.0, sums)


def distances(rows: np.ndarray) -> np.ndarray:
    """Return for each row the sum of its Euclidean distances to all rows."""
    squared = np.zeros((len(rows), len(rows)))
    for start in range(0, rows.shape[1], _COLUMNS):
        part = rows[:, start : start + _COLUMNS].astype("float64")
        norms = (part**2).sum(axis=1)
        squared += norms[:, None] + norms[None, :] - 2 * part @ part.T
    np.fill_diagonal(squared, 0.0)
    return np.sqrt(np.maximum(squared, 0.0)).sum(axis=1)
