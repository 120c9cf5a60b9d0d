"""What a schedule must offer, and what those that update at a beat share."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from keras import ops

from tfprune.errors import PruneError, is_whole_number


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
        check_steps(type(self).__name__, begin_step, end_step, frequency)
        if end_step == -1 and not allow_negative_1:
            raise PruneError(f"end_step={end_step}", "this schedule must end", "choose a last step")

    def _validate_sparsity(self, sparsity: float, variable_name: str) -> None:
        check_sparsity(variable_name, sparsity)

    def reaching(self, sparsity: float) -> PruningSchedule:
        """Return the same schedule with another final sparsity.

        Raises:
            PruneError: the class does not say how.
        """
        raise PruneError(
            f"bring {type(self).__name__} to sparsity {sparsity:.3g}",
            "its class does not say how it reaches another final sparsity",
            "give it a method reaching(sparsity) that returns such a schedule",
        )

    def last_update_step(self) -> int | None:
        """Return the last step at which masks change, None if they never stop changing."""
        if self.end_step < 0:
            return None
        return self.end_step - (self.end_step - self.begin_step) % self.frequency


@dataclass(frozen=True)
class Periodic(PruningSchedule):
    """Updates at begin_step, begin_step + frequency, … up to and including end_step."""

    _sparsities: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_steps(repr(self), self.begin_step, self.end_step, self.frequency)
        for name in self._sparsities:
            check_sparsity(name, getattr(self, name))

    def is_update_step(self, step: Any) -> Any:
        """Whether the masks are updated at `step`."""
        return self._should_prune_in_step(step, self.begin_step, self.end_step, self.frequency)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dataclasses.asdict(self)


def check_steps(asked: str, begin_step: int, end_step: int, frequency: int) -> None:
    """Raise PruneError unless the steps are whole numbers in order."""
    steps = {"begin_step": begin_step, "end_step": end_step, "frequency": frequency}
    for name, step in steps.items():
        if not is_whole_number(step):
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


def check_sparsity(name: str, value: float) -> None:
    """Raise PruneError unless a sparsity is in [0, 1)."""
    if not isinstance(value, Real):
        raise PruneError(f"{name}={value!r}", "sparsity is a number", f"a value such as {name}=0.8")
    if not 0.0 <= value < 1.0:
        fix = f"{name}={value / 100}" if 1 < value < 100 else f"a value such as {name}=0.8"
        raise PruneError(
            f"{name}={value}",
            "sparsity is the share of zeros, at least 0 and below 1",
            f"use {fix}",
        )
