"""Where centroids begin: tfmot's four ways, in NumPy."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

_SEED = 9  # tfmot's, for k-means++: the same weights get the same centroids
_MOST_JUDGED = 2**16  # k-means++ looks at so many weights of a larger kernel


class CentroidInitialization(str, enum.Enum):
    """Where the centroids of a kernel begin (tfmot's names and values).

    LINEAR: evenly spaced between the smallest and the largest weight. RANDOM: drawn uniformly
    between them (`keras.utils.set_random_seed` makes it reproducible). DENSITY_BASED: where the
    share of smaller weights is evenly spaced, so that centroids are dense where weights are.
    KMEANS_PLUS_PLUS: weights drawn one after the other, each with a probability proportional to
    its squared distance from the nearest one drawn before (Arthur & Vassilvitskii 2007,
    "k-means++: The advantages of careful seeding").
    """

    LINEAR = "CentroidInitialization.LINEAR"
    RANDOM = "CentroidInitialization.RANDOM"
    DENSITY_BASED = "CentroidInitialization.DENSITY_BASED"
    KMEANS_PLUS_PLUS = "CentroidInitialization.KMEANS_PLUS_PLUS"


def centroids_of(
    weights: Values, number: int, how: CentroidInitialization, preserve_sparsity: bool
) -> Values:
    """Return where the centroids of some weights begin, in ascending order.

    With `preserve_sparsity` one is zero, and the others are shared among negative and positive
    weights by their number, as tfmot does it (clustering_centroids.py,
    `_zero_centroid_initialization`). Where there are no weights to place them by they are zero.

    Args:
        weights: The weights, of any shape; finite.
        number: How many centroids, 2 or more.
        how: How they are placed.
        preserve_sparsity: Whether one of them is zero.

    Returns:
        (number,) float32.

    Example:
        >>> weights = np.array([-1.0, 0.0, 0.0, 0.5, 2.0], "float32")
        >>> centroids_of(weights, 4, CentroidInitialization.LINEAR, False).tolist()
        [-1.0, 0.0, 1.0, 2.0]
        >>> centroids_of(weights, 4, CentroidInitialization.LINEAR, True).tolist()
        [-1.0, 0.0, 0.5, 2.0]
    """
    flat = np.asarray(weights, np.float32).reshape(-1)
    place = _PLACES[how]
    if not preserve_sparsity:
        return np.sort(place(flat, number)).astype(np.float32)
    below, above = flat[flat < 0], flat[flat > 0]
    centroids = np.zeros(number, np.float32)
    if len(below) + len(above):
        negative = round((number - 1) * len(below) / (len(below) + len(above)))
        parts = [(below, negative), (above, number - 1 - negative)]
        found = [place(part, count) for part, count in parts if count]
        centroids[1:] = np.concatenate(found)
    return np.sort(centroids)


def _linear(weights: Values, number: int) -> Any:
    return np.linspace(weights.min(), weights.max(), number, dtype=np.float32)


def _random(weights: Values, number: int) -> Any:
    import keras

    shares = np.asarray(keras.random.uniform((number,)))
    return weights.min() + shares * (weights.max() - weights.min())


def _density_based(weights: Values, number: int) -> Any:
    return np.quantile(weights, np.linspace(0.01, 1.0, number), method="inverted_cdf")


def _kmeans_plus_plus(weights: Values, number: int) -> Any:
    """Return weights drawn far from each other, the best of a few tries for each.

    Of 2 + log(number) candidates the one is taken that leaves the smallest sum of squared
    distances, as in tf.compat.v1's `kmeans_plus_plus_initialization`, which tfmot calls.
    """
    rng = np.random.default_rng(_SEED)
    if len(weights) > _MOST_JUDGED:
        weights = rng.choice(weights, _MOST_JUDGED, replace=False)
    chosen = [rng.choice(weights)]
    distance = (weights - chosen[0]).astype(np.float64) ** 2
    for _ in range(number - 1):
        total = distance.sum()
        if total == 0:  # fewer different weights than centroids
            chosen.append(chosen[0])
            continue
        draws = rng.random(2 + int(np.log(number))) * total
        places = np.searchsorted(np.cumsum(distance), draws)
        tries = weights[np.minimum(places, len(weights) - 1)]
        left = [np.minimum(distance, (weights - one) ** 2) for one in tries]
        best = int(np.argmin([one.sum() for one in left]))
        chosen.append(tries[best])
        distance = left[best]
    return np.array(chosen)


_PLACES: dict[CentroidInitialization, Callable[[Values, int], Any]] = {
    CentroidInitialization.LINEAR: _linear,
    CentroidInitialization.RANDOM: _random,
    CentroidInitialization.DENSITY_BASED: _density_based,
    CentroidInitialization.KMEANS_PLUS_PLUS: _kmeans_plus_plus,
}
