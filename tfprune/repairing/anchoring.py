"""Anchoring: a BatchNormalization whose batch statistics say what its moving statistics say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def anchor(norm: Any, batches: Sequence[Any]) -> bool:
    """Let a BatchNormalization's moving statistics be those of its inputs, its outputs unchanged.

    A repaired kernel leaves a BatchNormalization the original's moving statistics, which are not
    those of what it is given now. In training it normalizes by the batch: the network would start
    as another one, and end with moving statistics of two networks. With mean m and variance v of
    the inputs, and the moving ones M and V, the same function is

        beta' = beta + gamma (m - M) / √(V + ε),  gamma' = gamma √(v + ε) / √(V + ε)

    with M' = m, V' = v. A layer that has no gamma keeps its V, one that has no beta its M. One that
    is frozen normalizes by its moving statistics in training too, and is left as it is.

    Args:
        norm: The layer, changed in place.
        batches: Its inputs; the variances of the batches and of their means add up.

    Returns:
        Whether training normalizes as inference does now.

    Example:
        >>> norm = keras.layers.BatchNormalization(epsilon=0.0)
        >>> x = np.array([[0.0], [4.0]], "float32")
        >>> before = norm(x)
        >>> anchor(norm, [keras.ops.array(x)])
        True
        >>> [float(w[0]) for w in norm.get_weights()]  # gamma, beta, moving mean and variance
        [2.0, 2.0, 2.0, 4.0]
        >>> np.allclose(norm(x), before)
        True
    """
    plain = type(norm) is keras.layers.BatchNormalization and not getattr(norm, "renorm", False)
    if not (plain and norm.trainable):
        return False
    mean, variance = _statistics(norm, batches)
    if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        return False
    old_mean, old_variance = _value(norm.moving_mean), _value(norm.moving_variance)
    slope = (_value(norm.gamma) if norm.scale else 1.0) / np.sqrt(old_variance + norm.epsilon)
    if norm.center:
        norm.beta.assign(_value(norm.beta) + slope * (mean - old_mean))
        norm.moving_mean.assign(mean)
    if norm.scale:
        norm.gamma.assign(slope * np.sqrt(variance + norm.epsilon))
        norm.moving_variance.assign(variance)
    return bool(norm.center and norm.scale)


def _statistics(norm: Any, batches: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return mean and variance of the inputs as the layer itself takes them, masks heeded."""
    kept = norm.momentum, _value(norm.moving_mean), _value(norm.moving_variance)
    norm.momentum = 0.0  # the moving statistics are those of the batch after each call
    found = []
    for x in batches:
        norm(x, training=True)
        found.append((len(x), _value(norm.moving_mean), _value(norm.moving_variance)))
    norm.momentum = kept[0]
    norm.moving_mean.assign(kept[1])
    norm.moving_variance.assign(kept[2])
    sizes, means, variances = zip(*found, strict=True)
    mean = np.average(means, axis=0, weights=sizes)
    return mean, np.average(variances + (means - mean) ** 2, axis=0, weights=sizes)


def _value(variable: Any) -> NDArray[np.float64]:
    return np.asarray(variable, np.float64)
