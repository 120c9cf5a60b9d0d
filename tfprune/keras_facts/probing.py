"""What a function of the user's own does to each value, found by calling it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import keras
import numpy as np

_SHAPE = (3, 5, 7)  # no width that a function may have been written for


@lru_cache(maxsize=256)
def treats_each_alone(function: Any) -> bool:
    """Whether a function treats each value alone, and alike wherever it stands.

    It is called on drawn numbers, on the same in another order, and with others beside each.

    Args:
        function: Any function of one tensor; it is called six times.

    Example:
        >>> treats_each_alone(lambda x: x * keras.ops.relu6(x + 3) / 6)
        True
        >>> treats_each_alone(lambda x: x / keras.ops.max(x, axis=-1, keepdims=True))
        False
    """
    rng = np.random.default_rng(0)
    x = rng.normal(scale=3, size=_SHAPE).astype("float32")
    order = rng.permutation(x.size)
    try:
        made = _called(function, x)
        moved = _called(function, x.ravel()[order].reshape(_SHAPE))
        agrees = [_close(moved.ravel(), made.ravel()[order])]
        for scale in (0.1, 3, 100):
            here = rng.random(_SHAPE) < 0.3
            other = rng.normal(scale=scale, size=_SHAPE)
            found = _called(function, np.where(here, x, other).astype("float32"))
            agrees.append(_close(found[here], made[here]))
    except Exception:  # the user's code, with any error of its own
        return False
    return made.shape == _SHAPE and all(agrees)


def _called(function: Any, x: np.ndarray) -> np.ndarray:
    return np.asarray(function(keras.ops.convert_to_tensor(x)))


def _close(one: np.ndarray, other: np.ndarray) -> bool:
    return np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True)
