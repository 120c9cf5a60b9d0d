"""Normal equations, added up batch by batch, and their ridge solution towards given weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float64]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""How strongly the weights are held, relative to the mean square of a feature."""


class RegressionSums:
    """Sums over rows of features x and outputs y, for each group, in float64.

    Args:
        groups: How many regressions.
        features: Entries of x.
        outputs: Entries of y.
    """

    def __init__(self, groups: int, features: int, outputs: int) -> None:
        self.count = 0
        self.x = np.zeros((groups, features))
        self.y = np.zeros((groups, outputs))
        self.xx = np.zeros((groups, features, features))
        self.xy = np.zeros((groups, features, outputs))
        self.yy = np.zeros((groups, outputs))

    def add(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> None:
        """Add rows: x is (rows, groups, features), y (rows, groups, outputs)."""
        x_, y_ = (np.ascontiguousarray(a.swapaxes(0, 1), np.float64) for a in (x, y))
        self.count += len(x)
        self.x += x_.sum(1)
        self.y += y_.sum(1)
        self.xx += x_.swapaxes(1, 2) @ x_
        self.xy += x_.swapaxes(1, 2) @ y_
        self.yy += (y_**2).sum(1)

    def error(self, weights: Array, offset: Array) -> float:
        """Return the sum of (y - x @ weights - offset)² over all rows, groups and outputs."""
        made = np.einsum("gf,gfo->go", self.x, weights)
        squares = self.yy + ((self.xx @ weights - 2 * self.xy) * weights).sum(1)
        return float((squares + offset * (2 * made - 2 * self.y + self.count * offset)).sum())

    def finite(self) -> bool:
        """Whether no row held NaN or infinity."""
        return bool(np.isfinite(self.xx).all() and np.isfinite(self.yy).all())

    @property
    def spread(self) -> float:
        """The sum of (y - its mean)²."""
        return float((self.yy - self.y**2 / max(self.count, 1)).sum())


@dataclass(frozen=True)
class Solution:
    """Weights and offsets, and the share of the outputs' variance that they miss.

    Args:
        weights: (groups, features, outputs).
        offset: (groups, outputs).
        before: The share missed on held-out rows by the weights that were there.
        after: And by these.
    """

    weights: Array
    offset: Array
    before: float
    after: float


def solve(fit: RegressionSums, held: RegressionSums, prior: Array, offsets: bool) -> Solution:
    """Return the weights that make y of x, held to those that were there as held-out rows say.

    W = P + (X'X + r I)⁻¹ (X'Y - X'X P), centred if there are offsets: ridge regression (Hoerl and
    Kennard 1970) towards P. Each strength r is tried, P itself too; the one with the smallest
    error on held-out rows is taken.

    Args:
        fit: The rows to learn from.
        held: The rows to choose by.
        prior: The weights that are there, (groups, features, outputs).
        offsets: Whether the outputs may be moved by an offset.

    Example:
        >>> import numpy as np
        >>> rows = RegressionSums(1, 2, 1)
        >>> rows.add(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]), np.array([[[3.0]], [[5.0]]]))
        >>> solve(rows, rows, np.zeros((1, 2, 1)), offsets=False).weights.round(2).tolist()
        [[[3.0], [5.0]]]
    """
    xx, xy = fit.xx, fit.xy
    if offsets and fit.count:
        xx = xx - fit.x[:, :, None] * fit.x[:, None, :] / fit.count
        xy = xy - fit.x[:, :, None] * fit.y[:, None, :] / fit.count

    def offset_of(weights: Array) -> Array:
        if not (offsets and fit.count):
            return np.zeros_like(fit.y)
        return (fit.y - np.einsum("gf,gfo->go", fit.x, weights)) / fit.count

    scale = max(held.spread, np.finfo(np.float64).tiny)
    none = np.zeros_like(fit.y)
    before = held.error(prior, none) / scale
    best = Solution(prior, none, before, before)
    size = np.einsum("gff->g", xx) / xx.shape[1]
    missing = xy - xx @ prior
    for strength in (*STRENGTHS, None):
        change = np.zeros_like(prior) if strength is None else _change(xx, missing, strength, size)
        offset = offset_of(prior + change)
        error = held.error(prior + change, offset) / scale
        if np.isfinite(error) and error < best.after:
            best = Solution(prior + change, offset, before, error)
    return best


def _change(xx: Array, missing: Array, strength: float, size: Array) -> Array:
    """Solve by Cholesky; a feature that is never there is held by what the others are."""
    ridge = strength * size + 1e-8 * size.mean() + np.finfo(np.float32).tiny
    try:
        lower = tf.linalg.cholesky(xx + ridge[:, None, None] * np.eye(xx.shape[1]))
        return np.asarray(tf.linalg.cholesky_solve(lower, missing))
    except tf.errors.InvalidArgumentError:  # not positive definite: no solution of this strength
        return np.full_like(missing, np.nan)
