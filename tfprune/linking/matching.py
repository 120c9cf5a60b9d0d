"""Is this TFLite constant that Keras kernel? Tried over axis orders, decided by the values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfprune.tflite.tensor import Tensor

Axes = tuple[int, ...]
Values = NDArray[np.float32]

# Rounding moves a right match by 0.1 % (float16) to 10 % (int8), a wrong one is off by 100 %.
_TOLERANCE = 0.3

# The axis orders that the converter uses, the likeliest first, by the kernel's rank.
_ORDERS: dict[int, tuple[Axes, ...]] = {
    2: ((1, 0), (0, 1)),  # Dense and recurrent kernels; embeddings
    3: ((2, 0, 1), (1, 2, 0), (1, 0, 2), (0, 1, 2)),  # Conv1D; attention in, out; transposed
    4: ((3, 0, 1, 2), (0, 1, 2, 3), (2, 0, 1, 3)),  # Conv2D; depthwise; transposed
    5: ((0, 1, 2, 3, 4), (4, 0, 1, 2, 3), (3, 0, 1, 2, 4)),  # Conv3D
}


@dataclass(frozen=True)
class Match:
    """A constant that holds a kernel.

    Args:
        axes: The order of the kernel's axes in it.
        distance: How far its values are from the kernel's, scaled per output channel, relative.
    """

    axes: Axes
    distance: float


def real_values(tensor: Tensor) -> Values:
    """Return the dense values of a constant with its quantization scales applied."""
    values = tensor.values().astype(np.float32)
    if not tensor.quantized:
        return values
    scales, zeros = np.array(tensor.scales, np.float32), np.array(tensor.zero_points or (0,))
    if len(scales) > 1:
        shape = [1] * values.ndim
        shape[tensor.axis] = len(scales)
        scales, zeros = scales.reshape(shape), np.broadcast_to(zeros, len(scales)).reshape(shape)
    return (values - zeros) * scales


def match(kernel: Values, out_axes: Axes, constant: Values) -> Match | None:
    """Return how `constant` holds `kernel`, or None if it does not.

    Zeros must stay zeros; BatchNormalization may have scaled each output channel, and
    quantization may have rounded the values, also to zero.

    Args:
        kernel: The Keras values.
        out_axes: The kernel's output axes.
        constant: The TFLite values, of any shape.

    Example:
        >>> kernel = np.array([[1, 0, 2], [0, 3, 4]], np.float32)
        >>> match(kernel, (1,), kernel.T * 2)
        Match(axes=(1, 0), distance=0.0)
    """
    if kernel.size != constant.size:
        return None
    for orders in _orders(kernel.ndim, len(out_axes) > 1):
        tried = [Match(axes, _distance(kernel, constant, axes, out_axes)) for axes in orders]
        best = min(tried, key=lambda each: each.distance, default=None)
        if best is not None and best.distance < _TOLERANCE:
            return best
    return None


def is_decided_by_values(kernel: Values, out_axes: Axes) -> bool:
    """Whether values that fit up to one scale per output channel are enough, without a name.

    Without output axes the fit is up to a single scale.
    """
    channels = math.prod(kernel.shape[axis] for axis in out_axes)
    return int(np.count_nonzero(kernel)) >= 4 * channels


def _orders(rank: int, depthwise: bool) -> Iterator[tuple[Axes, ...]]:
    """Yield the likely axis orders, then all others."""
    likely = _ORDERS.get(rank, ())
    yield (tuple(range(rank)), *likely) if depthwise else likely
    if rank <= 4:
        yield tuple(axes for axes in itertools.permutations(range(rank)) if axes not in likely)


def _distance(kernel: Values, constant: Values, axes: Axes, out_axes: Axes) -> float:
    """Return |constant - s * kernel| / |constant| with the best s for each output channel.

    It is infinite if a zero of the kernel is none in the constant.
    """
    transposed = constant.reshape([kernel.shape[axis] for axis in axes])
    other = transposed.transpose(np.argsort(axes))
    if np.any(other[kernel == 0]):
        return math.inf
    size = float(np.linalg.norm(other))
    if size == 0:
        return 0.0
    others = tuple(axis for axis in range(kernel.ndim) if axis not in out_axes)
    energy = (kernel * kernel).sum(axis=others, keepdims=True)
    scale = (kernel * other).sum(axis=others, keepdims=True) / np.where(energy == 0, 1, energy)
    return float(np.linalg.norm(other - scale * kernel)) / size
