"""Normal equations, added up batch by batch, and their ridge solution towards given weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float64]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""How strongly the weights are held, relative to the mean square of a feature."""

_TINY = np.finfo(np.float64).tiny


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
    ridge = Ridge(fit, prior, offsets)
    return best_of(ridge, held, prior, [ridge.everywhere(strength) for strength in STRENGTHS])


class Ridge:
    """Ridge regression towards weights that were there, of any strength.

    Args:
        fit: The rows to learn from.
        prior: The weights to be near to, (groups, features, outputs).
        offsets: Whether the outputs may be moved by an offset.
    """

    def __init__(self, fit: RegressionSums, prior: Array, offsets: bool) -> None:
        self._fit, self._prior = fit, prior
        self._offsets = offsets and fit.count > 0
        xx, xy = fit.xx, fit.xy
        if self._offsets:
            xx = xx - fit.x[:, :, None] * fit.x[:, None, :] / fit.count
            xy = xy - fit.x[:, :, None] * fit.y[:, None, :] / fit.count
        self._xx, self._xy = xx, xy
        self._size = np.einsum("gff->g", xx) / xx.shape[1]

    def offset(self, weights: Array) -> Array:
        """Return what is to be added to the outputs of these weights."""
        if not self._offsets:
            return np.zeros_like(self._fit.y)
        return (self._fit.y - np.einsum("gf,gfo->go", self._fit.x, weights)) / self._fit.count

    def everywhere(self, strength: float) -> Array:
        """Solve by Cholesky; a feature that is never there is held by what the others are."""
        missing = self._xy - self._xx @ self._prior
        try:
            lower = tf.linalg.cholesky(self._matrix(strength))
            return self._prior + np.asarray(tf.linalg.cholesky_solve(lower, missing))
        except tf.errors.InvalidArgumentError:  # not positive definite: no solution
            return np.full_like(missing, np.nan)

    def on(self, support: NDArray[np.bool_], strength: float) -> Array:
        """Return the best weights that are zero off a support."""
        matrix, right = self._matrix(strength), self._right(strength)
        weights = np.zeros_like(right)
        for group, stay, output in _columns(support):
            part = matrix[group][np.ix_(stay, stay)]
            weights[group, stay, output] = np.linalg.solve(part, right[group, stay, output])
        return weights

    def with_inverse(self, support: NDArray[np.bool_], strength: float) -> tuple[Array, Array]:
        """Return the best weights that are zero off a support, and the inverse's diagonal."""
        matrix, right = self._matrix(strength), self._right(strength)
        if support.all():
            inverse = np.linalg.inv(matrix)
            diagonal = np.einsum("gff->gf", inverse)[:, :, None]
            return inverse @ right, np.broadcast_to(diagonal, right.shape)
        weights, found = np.zeros_like(right), np.ones_like(right)
        for group, stay, output in _columns(support):
            inverse = np.linalg.inv(matrix[group][np.ix_(stay, stay)])
            weights[group, stay, output] = inverse @ right[group, stay, output]
            found[group, stay, output] = np.diag(inverse)
        return weights, found

    def followed(self, support: NDArray[np.bool_], strength: float, steps: int = 50) -> Array:
        """Return nearly the same as `on` for all outputs at once, by conjugate gradients.

        Scaled by the diagonal (Hestenes and Stiefel 1952; Jacobi).
        """
        matrix, right = self._matrix(strength), self._right(strength)
        scale = support / np.einsum("gff->gf", matrix)[:, :, None]
        weights = self._prior * support
        rest = (right - matrix @ weights) * support
        towards = scaled = rest * scale
        size = (rest * scaled).sum(1, keepdims=True)
        for _ in range(steps):
            ahead = (matrix @ towards) * support
            length = size / np.maximum((towards * ahead).sum(1, keepdims=True), _TINY)
            weights, rest = weights + length * towards, rest - length * ahead
            scaled, before = rest * scale, size
            size = (rest * scaled).sum(1, keepdims=True)
            towards = scaled + size / np.maximum(before, _TINY) * towards
        return weights

    def _right(self, strength: float) -> Array:
        return self._xy + self._ridge(strength)[:, None, None] * self._prior

    def _ridge(self, strength: float) -> Array:
        size = self._size
        ridge: Array = strength * size + 1e-8 * size.mean() + np.finfo(np.float32).tiny
        return ridge

    def _matrix(self, strength: float) -> Array:
        ridge = self._ridge(strength)
        matrix: Array = self._xx + ridge[:, None, None] * np.eye(self._xx.shape[1])
        return matrix


def _columns(support: NDArray[np.bool_]) -> Iterator[tuple[int, NDArray[np.intp], int]]:
    """Yield for each output its group, the features that it may use, and its number."""
    for group, output in np.ndindex(support.shape[0], support.shape[2]):
        yield group, np.flatnonzero(support[group, :, output]), output


def best_of(ridge: Ridge, held: RegressionSums, there: Array, found: Iterable[Array]) -> Solution:
    """Return the weights with the smallest error on held-out rows; those there if none is better.

    Args:
        ridge: What gives each its offset.
        held: The rows to choose by.
        there: The weights that are there, (groups, features, outputs).
        found: Others.
    """
    scale = max(held.spread, _TINY)
    none = np.zeros_like(held.y)
    before = held.error(there, none) / scale
    best = Solution(there, none, before, before)
    for weights in (*found, there):
        offset = ridge.offset(weights)
        error = held.error(weights, offset) / scale
        if np.isfinite(error) and error < best.after:
            best = Solution(weights, offset, before, error)
    return best
