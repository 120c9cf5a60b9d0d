"""Dynamic sparse training: one sparsity from the first step on, in places that move."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.schedules.schedule import Periodic


@dataclass(frozen=True, kw_only=True)
class Regrowth(Periodic):
    """At each update some of the weights that stay are dropped, and as many others grow."""

    target_sparsity: float
    begin_step: int
    end_step: int
    fraction: float = 0.3
    frequency: int = 100
    _sparsities: ClassVar[tuple[str, ...]] = ("target_sparsity",)
    by_gradient: ClassVar[bool] = False
    """Whether the weights with the largest gradients grow; else they are drawn."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.fraction < 1:
            raise PruneError(
                f"{type(self).__name__}(fraction={self.fraction!r})",
                "it is the share of the weights that stay which is exchanged, above 0 and below 1",
                "use fraction=0.3",
            )
        if self.end_step <= self.begin_step:
            raise PruneError(
                f"{type(self).__name__}(begin_step={self.begin_step}, end_step={self.end_step})",
                "the fraction falls to nothing at end_step, which must come after begin_step",
                "end_step=int(0.75 * steps), as in the paper",
            )

    def __call__(self, step: Any) -> tuple[Any, Any]:
        """Return whether the mask is set or moved at `step`, and the target sparsity."""
        due = ops.logical_or(self.is_update_step(step), self.is_first(step))
        return due, ops.cast(self.target_sparsity, "float32")

    def is_first(self, step: Any) -> Any:
        """Whether the mask is set at `step`, by the scores of all weights."""
        return ops.equal(step, max(1, self.begin_step))

    def exchanged(self, step: Any) -> Any:
        """Return the share of the weights that stay which is exchanged at `step`, float32."""
        elapsed = ops.cast(step - self.begin_step, "float32") / (self.end_step - self.begin_step)
        elapsed = ops.clip(elapsed, 0.0, 1.0)
        return ops.cast(self.fraction / 2 * (1.0 + ops.cos(math.pi * elapsed)), "float32")

    @property
    def final_sparsity(self) -> float:  # type: ignore[override]
        """The sparsity, at every step from the first."""
        return self.target_sparsity

    def reaching(self, sparsity: float) -> Regrowth:
        """Return the same schedule at another sparsity."""
        return dataclasses.replace(self, target_sparsity=sparsity)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True, kw_only=True)
class RigL(Regrowth):
    """Drop the smallest weights, grow those with the largest gradients.

    The mask is set at step max(1, `begin_step`) by the rule's score (`score="random"` is the
    paper's start). Every `frequency` steps the smallest f(t) of the weights that stay are dropped,

        f(t) = fraction / 2 · (1 + cos(π (t - t_begin) / (t_end - t_begin)))

    and of all that do not stay those with the largest |∂L/∂w| grow instead, starting at
    zero and with nothing that the optimizer remembers of them; one that was dropped and grows at
    once keeps its value. Evci et al., "Rigging the Lottery: Making All Tickets Winners", 2020,
    arXiv:1911.11134, section 3 and algorithm 1, whose update takes the place of the optimizer's
    step; here it follows it, with the gradient of that step.

    Gradients are seen by an optimizer alone: compile with `tfprune.PruningOptimizer`.

    Args:
        target_sparsity: Share of zeros, in [0, 1).
        begin_step: First step at which a mask is set.
        end_step: Last step at which masks may change; the paper's is 75 % of the training.
        fraction: Share of the weights that stay which is exchanged at first, in (0, 1).
        frequency: Masks move every `frequency` steps.

    Raises:
        PruneError: an argument is out of range.

    Example:
        >>> schedule = RigL(target_sparsity=0.9, begin_step=0, end_step=100, frequency=10)
        >>> [round(float(schedule.exchanged(t)), 3) for t in (0, 50, 100)]
        [0.3, 0.15, 0.0]
    """

    by_gradient: ClassVar[bool] = True


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True, kw_only=True)
class SET(Regrowth):
    """Drop the smallest weights, grow others at random (sparse evolutionary training).

    As `RigL`, but what grows is drawn evenly from all weights that do not stay. Mocanu et al.,
    "Scalable training of artificial neural networks with adaptive sparse connectivity inspired by
    network science", 2018, arXiv:1707.04780, algorithm 1, where the fraction does not fall; the
    cosine is that of Evci et al., 2020.

    Args:
        target_sparsity: Share of zeros, in [0, 1).
        begin_step: First step at which a mask is set.
        end_step: Last step at which masks may change.
        fraction: Share of the weights that stay which is exchanged at first, in (0, 1).
        frequency: Masks move every `frequency` steps.
        seed: Of the draws; kernels of other names and other steps have other ones.

    Raises:
        PruneError: an argument is out of range.

    Example:
        >>> schedule = SET(target_sparsity=0.9, begin_step=0, end_step=100, frequency=10)
        >>> due, sparsity = schedule(1)
        >>> bool(due), round(float(sparsity), 3)
        (True, 0.9)
    """

    seed: int = 0
