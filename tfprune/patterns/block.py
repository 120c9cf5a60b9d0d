"""Weights that live or die in blocks; a block of one is element-wise pruning."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfprune.errors import PruneError, is_whole_number
from tfprune.patterns.protocol import Shape
from tfprune.patterns.threshold import keep_highest


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
        size: Any = self.size
        if not isinstance(size, (list, tuple)) or not size or not all(map(_is_length, size)):
            raise PruneError(
                f"Block({self.size!r})",
                "a block length is a whole number above 0, or -1 for a whole axis",
                "use Block((1, 2)) for pairs of output channels",
            )
        object.__setattr__(self, "size", tuple(map(int, size)))
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
        kept = keep_highest(self.pooled(scores), sparsity)
        for axis, length in enumerate(self._lengths(shape)):
            kept = ops.repeat(kept, length, axis=axis)
        return kept[tuple(slice(0, n) for n in shape)]

    def pooled(self, scores: Any) -> Any:
        """Return the score of each block, float32."""
        scores = ops.convert_to_tensor(scores, "float32")
        if self.is_element:
            return scores
        return _pool(scores, self._lengths(tuple(scores.shape)), self.pooling)

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


def _is_length(n: Any) -> bool:
    return is_whole_number(n) and (int(n) > 0 or n == -1)


def _pool(scores: Any, lengths: Shape, pooling: str) -> Any:
    counts = [math.ceil(axis / n) for axis, n in zip(scores.shape, lengths, strict=True)]
    missing = [
        (0, count * n - axis) for count, n, axis in zip(counts, lengths, scores.shape, strict=True)
    ]
    split = [part for count, n in zip(counts, lengths, strict=True) for part in (count, n)]
    within = tuple(range(1, len(split), 2))
    if pooling == "MAX":
        lowest = float("-inf")
        return ops.max(ops.reshape(ops.pad(scores, missing, constant_values=lowest), split), within)
    blocks = ops.reshape(ops.pad(scores, missing), split)
    members = ops.reshape(ops.pad(ops.ones_like(scores), missing), split)
    return ops.sum(blocks, axis=within) / ops.sum(members, axis=within)
