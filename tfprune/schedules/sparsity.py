"""The schedules of tfmot: a sparsity that is held, or that grows."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.schedules.schedule import Periodic


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class ConstantSparsity(Periodic):
    """Hold one sparsity from `begin_step` on.

    Args:
        target_sparsity: Share of zeros, in [0, 1).
        begin_step: First step at which masks may be set.
        end_step: Last step at which masks may change; -1 for never stopping.
        frequency: Masks are recomputed every `frequency` steps.

    Raises:
        PruneError: the sparsity or the steps are out of range.

    Example:
        >>> due, sparsity = ConstantSparsity(0.5, begin_step=0, frequency=10)(20)
        >>> bool(due), float(sparsity)
        (True, 0.5)
    """

    target_sparsity: float
    begin_step: int
    end_step: int = -1
    frequency: int = 100
    _sparsities: ClassVar[tuple[str, ...]] = ("target_sparsity",)

    def __call__(self, step: Any) -> tuple[Any, Any]:
        """Return whether the masks are updated at `step`, and the target sparsity."""
        return self.is_update_step(step), ops.cast(self.target_sparsity, "float32")

    @property
    def final_sparsity(self) -> float:  # type: ignore[override]
        """The sparsity that a long enough training reaches."""
        return self.target_sparsity

    def reaching(self, sparsity: float) -> ConstantSparsity:
        """Return the same schedule with another sparsity."""
        return dataclasses.replace(self, target_sparsity=sparsity)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class PolynomialDecay(Periodic):
    """Raise the sparsity from `initial_sparsity` to `final_sparsity`, fast at first.

    s(t) = s_f + (s_i - s_f) · (1 - (t - t_begin) / (t_end - t_begin)) ^ power, computed in float32;
    Zhu & Gupta, "To prune, or not to prune", 2017, arXiv:1710.01878, equation 1.

    Args:
        initial_sparsity: Share of zeros at `begin_step`, in [0, 1).
        final_sparsity: Share of zeros at `end_step`, in [0, 1).
        begin_step: First step at which masks may be set.
        end_step: Last step at which masks may change. It is an update step only if
            `end_step - begin_step` is a multiple of `frequency`.
        power: The exponent.
        frequency: Masks are recomputed every `frequency` steps.

    Raises:
        PruneError: a sparsity or the steps are out of range.

    Example:
        >>> schedule = PolynomialDecay(0.0, 0.8, begin_step=0, end_step=100, frequency=10)
        >>> [round(float(schedule(t)[1]), 3) for t in (0, 50, 100)]
        [0.0, 0.7, 0.8]
    """

    initial_sparsity: float
    final_sparsity: float
    begin_step: int
    end_step: int
    power: float = 3
    frequency: int = 100
    _sparsities: ClassVar[tuple[str, ...]] = ("initial_sparsity", "final_sparsity")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.end_step <= self.begin_step:
            raise PruneError(
                f"PolynomialDecay(begin_step={self.begin_step}, end_step={self.end_step})",
                "a decay needs end_step > begin_step",
                "use ConstantSparsity for a sparsity that does not change",
            )

    def __call__(self, step: Any) -> tuple[Any, Any]:
        """Return whether the masks are updated at `step`, and s(step)."""
        elapsed = ops.cast(step - self.begin_step, "float32")
        share = ops.clip(elapsed / (self.end_step - self.begin_step), 0.0, 1.0)
        drop = (self.initial_sparsity - self.final_sparsity) * (1.0 - share) ** self.power
        return self.is_update_step(step), ops.cast(drop + self.final_sparsity, "float32")

    def reaching(self, sparsity: float) -> PolynomialDecay:
        """Return the same decay to another sparsity, the initial one in proportion."""
        share = sparsity / self.final_sparsity if self.final_sparsity else 0.0
        first = min(self.initial_sparsity * share, sparsity)
        return dataclasses.replace(self, initial_sparsity=first, final_sparsity=sparsity)
