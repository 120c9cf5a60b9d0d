"""The exact share of the highest scores, ties included, in linear time."""

from __future__ import annotations

import math
from typing import Any

from keras import ops


def keep_highest(scores: Any, sparsity: Any) -> Any:
    """Return a boolean mask of exactly max(1, round(n · (1 - sparsity))) True values.

    The count is rounded half to even in float32, as tfmot does. The threshold is found as in a
    radix sort, by counting three groups of bits from the top: non-negative floats are ordered like
    their bit patterns, and negative ones before them, the other way round. That is linear in the
    number of scores, where sorting is not.

    Args:
        scores: Float32 tensor of any shape, without NaN.
        sparsity: Float or float32 scalar tensor in [0, 1).
    """
    total = math.prod(scores.shape)
    share = 1.0 - ops.cast(sparsity, "float32")
    keep = ops.cast(ops.maximum(ops.round(ops.cast(total, "float32") * share), 1.0), "int32")
    bits = _ordered_bits(ops.convert_to_tensor(scores, "float32"))
    positive = ops.cast(ops.count_nonzero(bits >= 0), "int32")
    enough = positive >= keep
    threshold = ops.where(enough, 0, _LOWEST)
    above = ops.where(enough, 0, positive)  # how many are certain to survive
    for low, width in _BIT_GROUPS:
        counts = _count_digits(bits, threshold, low, width)
        higher = above + ops.sum(counts) - ops.cumsum(counts)
        digit = ops.cast(ops.count_nonzero(higher >= keep), "int32")
        threshold += ops.left_shift(digit, low)
        above = ops.take(higher, digit)
    tied = bits == threshold
    first = ops.cumsum(ops.cast(tied, "int32")) <= keep - above
    return ops.reshape(ops.logical_or(bits > threshold, ops.logical_and(tied, first)), scores.shape)


_BIT_GROUPS = ((20, 11), (10, 10), (0, 10))  # (lowest bit, width) of the 31 below the sign
_LOWEST = -(2**31)


def _ordered_bits(scores: Any) -> Any:
    """Return whole numbers in the order of the scores; 0.0 and -0.0 are the same."""
    bits = ops.reshape(ops.view(scores, "int32"), (-1,))
    return ops.where(bits < 0, _LOWEST - bits, bits)


def _count_digits(bits: Any, prefix: Any, low: int, width: int) -> Any:
    """Count each value of the bits [low, low + width) among those with the prefix's higher bits."""
    digits = ops.right_shift(bits, low) - ops.right_shift(prefix, low)
    digits = ops.where(digits < 2**width, digits, -1)  # segment_sum drops negative ones
    return ops.segment_sum(ops.ones_like(bits), digits, num_segments=2**width)
