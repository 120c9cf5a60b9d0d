"""Scores + sparsity → mask: which weights may be non-zero.

A pattern sees a kernel as (…spatial, in, out), its scores as non-negative float32 of that shape,
and returns a boolean mask of that shape. The number of survivors is exact: ties go to the weight
that comes first in C order. (tfmot keeps every weight that ties with the last survivor.)
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import keras
from keras import ops

from tfprune.errors import PruneError

Shape = tuple[int, ...]


class Pattern(Protocol):
    """What a pattern must offer; `Block` and `NM` are the two that exist."""

    def mask(self, scores: Any, sparsity: Any) -> Any:
        """Return the boolean mask that keeps the highest scores at this sparsity."""

    def misfit(self, shape: Shape) -> str | None:
        """Return why a kernel of this shape cannot take the pattern, None if it can."""

    def unit(self, shape: Shape) -> int:
        """Return how many weights of a kernel of this shape are decided together."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""

    @property
    def fixed_sparsity(self) -> float | None:
        """The sparsity the pattern has by itself, None if the schedule decides."""


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class Block:
    """Weights live or die in blocks over the last axes; `Block()` decides weight by weight.

    The score of a block is the mean ("AVG") or the largest ("MAX") of its members' scores. Blocks
    at a ragged edge are smaller and pooled over what they have. (So does tfmot where a block lacks
    one row or column; where it lacks more, tfmot scores shifted windows.)

    Args:
        size: Block length on the last axes, (in, out) for two numbers; -1 spans a whole axis, so
            `Block((-1, -1, -1, 1))` is a filter of a 2D convolution.
        pooling: "AVG" or "MAX".

    Raises:
        PruneError: the size or the pooling is not one of these.

    Example:
        >>> scores = [[1.0, 3.0, 2.0, 2.5], [5.0, 0.0, 0.1, 0.2]]
        >>> Block((1, 2)).mask(scores, 0.5).numpy().astype(int).tolist()
        [[0, 0, 1, 1], [1, 1, 0, 0]]
    """

    size: Shape = (1, 1)
    pooling: str = "AVG"
    fixed_sparsity: ClassVar[None] = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", tuple(self.size))
        if not self.size or not all(isinstance(n, int) and (n > 0 or n == -1) for n in self.size):
            raise PruneError(
                f"Block({self.size})",
                "a block length is a whole number above 0, or -1 for a whole axis",
                "use Block((1, 2)) for pairs of output channels",
            )
        if self.pooling not in ("AVG", "MAX"):
            raise PruneError(
                f"block_pooling_type={self.pooling!r}", "it must be 'AVG' or 'MAX'", "use 'AVG'"
            )

    def misfit(self, shape: Shape) -> str | None:
        """Return why a kernel of this shape cannot take the block, None if it can."""
        if self.is_element:
            return None
        if len(self.size) > len(shape):
            return f"block {self.size} has more axes than the kernel {shape}"
        if any(n > axis for n, axis in zip(self._lengths(shape), shape, strict=True)):
            return f"block {self.size} is larger than the last axes of the kernel {shape}"
        return None

    def unit(self, shape: Shape) -> int:
        """Return how many weights a block holds."""
        return 1 if self.is_element else math.prod(self._lengths(shape))

    @property
    def is_element(self) -> bool:
        """Whether every weight is its own block."""
        return all(n == 1 for n in self.size)

    def mask(self, scores: Any, sparsity: Any) -> Any:
        """Return the boolean mask that keeps the highest-scoring blocks."""
        scores = ops.convert_to_tensor(scores, "float32")
        if self.is_element:
            return keep_highest(scores, sparsity)
        shape = tuple(scores.shape)
        lengths = self._lengths(shape)
        kept = keep_highest(_pool(scores, lengths, self.pooling), sparsity)
        for axis, length in enumerate(lengths):
            kept = ops.repeat(kept, length, axis=axis)
        return kept[tuple(slice(0, n) for n in shape)]

    def _lengths(self, shape: Shape) -> Shape:
        size = (1,) * (len(shape) - len(self.size)) + self.size
        return tuple(axis if n == -1 else n for n, axis in zip(size, shape, strict=True))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Block:
        """Build the pattern from `get_config()`."""
        return cls(**config)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class NM:
    """`zeros` zeros in every `of` consecutive input channels.

    tfmot spells NM(zeros=2, of=4) `sparsity_m_by_n=(2, 4)`. Beware of other conventions: NVIDIA's
    "N:M" and jaxpruner count survivors. Groups lie along the input channels, which are contiguous
    in a .tflite file; the last group may be short.

    Args:
        zeros: How many of each group are zero, 0 < zeros < of.
        of: Length of a group.

    Raises:
        PruneError: not 0 < zeros < of.

    Example:
        >>> NM(zeros=2, of=4).mask([[4.0], [1.0], [3.0], [2.0]], None).numpy().ravel().tolist()
        [True, False, True, False]
    """

    zeros: int
    of: int

    def __post_init__(self) -> None:
        if not 0 < self.zeros < self.of:
            raise PruneError(
                f"NM(zeros={self.zeros}, of={self.of})",
                "there must be at least one zero and one survivor in each group",
                "NM(zeros=2, of=4) makes half of the weights zero",
            )

    @property
    def fixed_sparsity(self) -> float:
        """The share of zeros, whatever the schedule says."""
        return self.zeros / self.of

    def misfit(self, shape: Shape) -> str | None:
        """Return why a kernel of this shape cannot take the pattern, None if it can."""
        if len(shape) < 2:
            return f"{self.zeros}:{self.of} sparsity needs an input-channel axis, not {shape}"
        if shape[-2] < self.of:
            return f"{self.zeros}:{self.of} sparsity needs {self.of} input channels, not {shape}"
        return None

    def unit(self, shape: Shape) -> int:
        """Return how many zeros short last groups may lack to the exact share."""
        rest = shape[-2] % self.of
        lacking = rest * self.zeros / self.of - max(0, rest - (self.of - self.zeros))
        return math.prod(shape) // shape[-2] * math.ceil(lacking)

    def mask(self, scores: Any, sparsity: Any) -> Any:
        """Return the boolean mask that keeps the `of - zeros` highest of each group."""
        scores = ops.convert_to_tensor(scores, "float32")
        rows = ops.swapaxes(scores, -1, -2)
        length = rows.shape[-1]
        groups = math.ceil(length / self.of)
        padding = [(0, 0)] * (len(rows.shape) - 1) + [(0, groups * self.of - length)]
        rows = ops.pad(rows, padding, constant_values=-1.0)
        parts = ops.reshape(rows, (*rows.shape[:-1], groups, self.of))
        kept = _rank_in_group(parts) < self.of - self.zeros
        kept = ops.reshape(kept, rows.shape)[..., :length]
        return ops.swapaxes(kept, -1, -2)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> NM:
        """Build the pattern from `get_config()`."""
        return cls(**config)


def keep_highest(scores: Any, sparsity: Any) -> Any:
    """Return a boolean mask of exactly max(1, round(n · (1 - sparsity))) True values.

    The count is rounded half to even in float32, as tfmot does. The threshold is found as in a
    radix sort, by counting three groups of bits from the top: non-negative floats are ordered like
    their bit patterns. That is linear in the number of scores, where sorting is not.

    Args:
        scores: Non-negative float32 tensor of any shape.
        sparsity: Float or float32 scalar tensor in [0, 1).
    """
    total = math.prod(scores.shape)
    share = 1.0 - ops.cast(sparsity, "float32")
    keep = ops.cast(ops.maximum(ops.round(ops.cast(total, "float32") * share), 1.0), "int32")
    bits = ops.reshape(ops.view(ops.convert_to_tensor(scores, "float32"), "int32"), (-1,))
    threshold = above = ops.zeros((), "int32")  # above: how many are certain to survive
    for low, width in _BIT_GROUPS:
        counts = _count_digits(bits, threshold, low, width)
        higher = above + ops.sum(counts) - ops.cumsum(counts)
        digit = ops.cast(ops.count_nonzero(higher >= keep), "int32")
        threshold += ops.left_shift(digit, low)
        above = ops.take(higher, digit)
    tied = bits == threshold
    first = ops.cumsum(ops.cast(tied, "int32")) <= keep - above
    return ops.reshape(ops.logical_or(bits > threshold, ops.logical_and(tied, first)), scores.shape)


_BIT_GROUPS = ((20, 11), (10, 10), (0, 10))  # (lowest bit, width) of 31: the sign bit is 0


def _count_digits(bits: Any, prefix: Any, low: int, width: int) -> Any:
    """Count each value of the bits [low, low + width) among those with the prefix's higher bits."""
    digits = ops.right_shift(bits, low) - ops.right_shift(prefix, low)
    digits = ops.where(digits < 2**width, digits, -1)  # segment_sum drops negative ones
    return ops.segment_sum(ops.ones_like(bits), digits, num_segments=2**width)


def _pool(scores: Any, lengths: Shape, pooling: str) -> Any:
    counts = [math.ceil(axis / n) for axis, n in zip(scores.shape, lengths, strict=True)]
    missing = [
        (0, count * n - axis) for count, n, axis in zip(counts, lengths, scores.shape, strict=True)
    ]
    split = [part for count, n in zip(counts, lengths, strict=True) for part in (count, n)]
    within = tuple(range(1, len(split), 2))
    blocks = ops.reshape(ops.pad(scores, missing), split)
    if pooling == "MAX":
        return ops.max(blocks, axis=within)
    members = ops.reshape(ops.pad(ops.ones_like(scores), missing), split)
    return ops.sum(blocks, axis=within) / ops.sum(members, axis=within)


def _rank_in_group(parts: Any) -> Any:
    """For each member: how many of its group come before it, larger first, then earlier first."""
    mine, other = ops.expand_dims(parts, -1), ops.expand_dims(parts, -2)
    size = parts.shape[-1]
    earlier = ops.arange(size)[None, :] < ops.arange(size)[:, None]
    before = ops.logical_or(other > mine, ops.logical_and(other == mine, earlier))
    return ops.sum(ops.cast(before, "int32"), axis=-1)
