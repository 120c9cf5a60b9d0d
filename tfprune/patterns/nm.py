"""So many zeros in every group of input channels."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError, is_whole_number
from tfprune.patterns.protocol import Shape


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
        if not (is_whole_number(self.zeros) and is_whole_number(self.of)):
            raise PruneError(
                f"NM(zeros={self.zeros!r}, of={self.of!r})",
                "both are counts of weights, whole numbers",
                "NM(zeros=2, of=4)",
            )
        if not 0 < self.zeros < self.of:
            raise PruneError(
                f"NM(zeros={self.zeros}, of={self.of})",
                "there must be at least one zero and one survivor in each group",
                "NM(zeros=2, of=4) makes half of the weights zero",
            )

    @classmethod
    def from_pair(cls, pair: Any) -> NM:
        """Build the pattern from tfmot's `sparsity_m_by_n`, (zeros, of).

        Raises:
            PruneError: it is anything but two whole numbers.
        """
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise PruneError(
                f"sparsity_m_by_n={pair!r}",
                "it is not a pair of whole numbers (zeros, of)",
                "sparsity_m_by_n=(2, 4) makes two of every four weights zero",
            )
        return cls(*pair)

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
        rows = ops.pad(rows, padding, constant_values=float("-inf"))
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


def _rank_in_group(parts: Any) -> Any:
    """For each member: how many of its group come before it, larger first, then earlier first."""
    mine, other = ops.expand_dims(parts, -1), ops.expand_dims(parts, -2)
    size = parts.shape[-1]
    earlier = ops.arange(size)[None, :] < ops.arange(size)[:, None]
    before = ops.logical_or(other > mine, ops.logical_and(other == mine, earlier))
    return ops.sum(ops.cast(before, "int32"), axis=-1)
