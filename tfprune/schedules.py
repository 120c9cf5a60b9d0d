"""When masks are updated and how sparse they are: step → (is it an update step, sparsity).

Steps are counted as tfmot 0.8.1 counts them: step t is the t-th training batch, from 1, and its
mask is set before that batch is seen. A schedule that begins at step 0 with `frequency=100`
therefore sets its first mask at step 100. Schedules are frozen and pure: the same call runs on
Python integers and inside a compiled training step.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import keras
from keras import ops

from tfprune.errors import PruneError


class PruningSchedule(ABC):
    """Maps a training step to a sparsity; subclass it to write your own.

    A subclass implements `__call__(step) -> (is_update_step, sparsity)` with `keras.ops`, and
    `get_config()` if models that use it are to be saved. `begin_step`, `end_step`, `frequency`
    and `final_sparsity` are read by warnings and plans; an `end_step` of -1 means forever. One
    that was written for tfmot works as it is: the three helpers below are those of tfmot's class.
    """

    begin_step: int = 0
    end_step: int = -1
    frequency: int = 1
    final_sparsity: float = 0.0

    @abstractmethod
    def __call__(self, step: Any) -> tuple[Any, Any]:
        """Return whether the masks are updated at `step`, and the sparsity then, as float32."""

    @abstractmethod
    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PruningSchedule:
        """Build the schedule from `get_config()`, in the form that tfmot gives it, too."""
        if set(config) == {"class_name", "config"}:
            config = config["config"]
        return cls(**config)

    def _should_prune_in_step(
        self, step: Any, begin_step: int, end_step: int, frequency: int
    ) -> Any:
        """Whether `step` is one of begin_step, begin_step + frequency, … up to end_step."""
        turn = ops.equal((step - begin_step) % frequency, 0)
        due = ops.logical_and(ops.greater_equal(step, begin_step), turn)
        return due if end_step < 0 else ops.logical_and(due, ops.less_equal(step, end_step))

    def _validate_step(
        self, begin_step: int, end_step: int, frequency: int, allow_negative_1: bool
    ) -> None:
        _check_steps(type(self).__name__, begin_step, end_step, frequency)
        if end_step == -1 and not allow_negative_1:
            raise PruneError(f"end_step={end_step}", "this schedule must end", "choose a last step")

    def _validate_sparsity(self, sparsity: float, variable_name: str) -> None:
        _check_sparsity(variable_name, sparsity)

    def last_update_step(self) -> int | None:
        """Return the last step at which masks change, None if they never stop changing."""
        if self.end_step < 0:
            return None
        return self.end_step - (self.end_step - self.begin_step) % self.frequency


@dataclass(frozen=True)
class _Periodic(PruningSchedule):
    """Updates at begin_step, begin_step + frequency, … up to and including end_step."""

    _sparsities: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        _check_steps(repr(self), self.begin_step, self.end_step, self.frequency)
        for name in self._sparsities:
            _check_sparsity(name, getattr(self, name))

    def is_update_step(self, step: Any) -> Any:
        """Whether the masks are updated at `step`."""
        return self._should_prune_in_step(step, self.begin_step, self.end_step, self.frequency)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dataclasses.asdict(self)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class ConstantSparsity(_Periodic):
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


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class PolynomialDecay(_Periodic):
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


def _check_steps(asked: str, begin_step: int, end_step: int, frequency: int) -> None:
    steps = {"begin_step": begin_step, "end_step": end_step, "frequency": frequency}
    for name, step in steps.items():
        if not isinstance(step, Integral) or isinstance(step, bool):
            raise PruneError(asked, f"{name} is {step!r}, not a whole number", f"{name}=int(...)")
    if begin_step < 0:
        raise PruneError(asked, "begin_step must be 0 or more", "use begin_step=0")
    if frequency < 1:
        raise PruneError(asked, "frequency must be 1 or more", "use frequency=1")
    if end_step != -1 and end_step < begin_step:
        raise PruneError(
            asked,
            "end_step lies before begin_step",
            "choose end_step >= begin_step, or -1 to prune until training ends",
        )


def _check_sparsity(name: str, value: float) -> None:
    if not isinstance(value, Real):
        raise PruneError(f"{name}={value!r}", "sparsity is a number", f"a value such as {name}=0.8")
    if not 0.0 <= value < 1.0:
        fix = f"{name}={value / 100}" if 1 < value < 100 else f"a value such as {name}=0.8"
        raise PruneError(
            f"{name}={value}",
            "sparsity is the share of zeros, at least 0 and below 1",
            f"use {fix}",
        )
