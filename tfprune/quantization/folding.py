"""BatchNormalization as one factor and one shift per channel."""

from __future__ import annotations

from typing import Any

from keras import layers, ops


def folded(norm: Any, bias: Any = None) -> tuple[Any, Any]:
    """Return factor and shift of a BatchNormalization behind a bias, in inference.

    Args:
        norm: A built BatchNormalization.
        bias: What is added before it, (channels,), None for nothing.
    """
    gain = ops.rsqrt(norm.moving_variance + norm.epsilon)
    gain = gain if norm.gamma is None else gain * norm.gamma
    shift = (norm.moving_mean * -1.0 if bias is None else bias - norm.moving_mean) * gain
    return gain, shift if norm.beta is None else shift + norm.beta


def is_by_channel(norm: Any) -> bool:
    """Whether a layer is a BatchNormalization of the last axis, of inputs of rank 2 to 4."""
    if type(norm) is not layers.BatchNormalization or not norm.built:
        return False
    axes = norm.axis if isinstance(norm.axis, (list, tuple)) else [norm.axis]
    rank = norm.input_spec.ndim
    return len(axes) == 1 and axes[0] % rank == rank - 1 and 2 <= rank <= 4
