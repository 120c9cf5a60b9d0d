"""Criteria that need neither kernels nor data: normalization scales, and chance."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from tfprune.channels import Group, Member
from tfprune.criteria.pooling import power_sum

_NORMALIZATIONS = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
)


@dataclass(frozen=True)
class BatchNormScale:
    """The size of the normalization scale of a unit.

    score_i = Σ |gamma_i| over the group's normalization layers (batch, layer, group, RMS); Liu et
    al., "Learning Efficient Convolutional Networks through Network Slimming", ICCV 2017,
    arXiv:1708.06519. A scale multiplies normalized values, so scores of different groups can be
    compared, as the paper does. A group without a scale is not judged.

    Raises:
        PruneError: on scoring: a scale is not finite.

    Example:
        >>> from tfprune.channels import trace
        >>> two = keras.initializers.Constant(-2)
        >>> norm = keras.layers.BatchNormalization(gamma_initializer=two)
        >>> layers = [keras.layers.Dense(2), norm, keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((3,)), *layers])
        >>> BatchNormScale().scores(model, trace(model).groups[:1])
        [array([2., 2.])]
    """

    comparable: ClassVar[bool] = True
    unjudged: ClassVar[str] = "no normalization layer scales these units"

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one scale per unit, NaN for a group without one."""
        return [_scale(group) for group in groups]


@dataclass(frozen=True)
class Random:
    """Chance: the baseline that any other criterion must beat.

    Uniform in [0, 1), from a generator seeded with `seed` and the group's name: the scores of a
    group do not depend on which other groups there are. All groups draw from the same
    distribution, so their scores can be compared.

    Args:
        seed: Any integer ≥ 0; the same seed gives the same scores.

    Example:
        >>> Random(seed=1) == Random(seed=1)
        True
    """

    seed: int = 0
    comparable: ClassVar[bool] = True
    unjudged: ClassVar[str] = ""

    def scores(self, model: Any, groups: Sequence[Group]) -> list[np.ndarray]:
        """Return one random number per unit."""
        return [
            np.random.default_rng([self.seed, zlib.crc32(group.name.encode())]).random(group.size)
            for group in groups
        ]


def _scale(group: Group) -> np.ndarray:
    scales = [member for member in group.members if _is_scale(member)]
    if not scales:
        return np.full(group.size, np.nan)
    return sum((power_sum(m, 1, group.size) for m in scales), np.zeros(group.size))


def _is_scale(member: Member) -> bool:
    layer = member.layer
    if isinstance(layer, keras.layers.RMSNormalization):
        return member.variable is layer.scale
    return isinstance(layer, _NORMALIZATIONS) and member.variable is layer.gamma
