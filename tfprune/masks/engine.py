"""The mask engine: a mask is a constraint on a kernel.

Keras calls a variable's constraint at the end of every optimizer update, in `fit`, in custom
loops, under any strategy and compiled or not. So that is where a mask lives: after each update
it is recomputed if the schedule says so, and the kernel is multiplied by it. Gradients are
dense: when a mask is recomputed, a weight under it competes with the value that the last
optimizer update gave it, and may come back, as in tfmot. At any other time it is exactly zero.
What a score learns from gradients is kept in a variable beside the mask, and comes from
`masks.gradients`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfprune.errors import PruneError
from tfprune.keras_facts import Kernel
from tfprune.masks.gradients import gradient_of
from tfprune.masks.regrowing import moved, regrows
from tfprune.plan import Rule
from tfprune.wrapping import ClusterConstraint


class MaskedKernel:
    """One kernel, its mask and the step it has reached.

    Args:
        kernel: The kernel; its variable's constraint is extended by the mask.
        rule: When, how much, and in which pattern it is pruned.
        mask: Boolean variable of the kernel's shape.
        step: Integer scalar variable, the step whose mask is set, 0 before training.
        remembered: Float32 variable of the kernel's shape with what the rule's score remembers;
            None if it remembers nothing.
        of_layer: Whether a layer holds the variables, and not an optimizer.
    """

    def __init__(
        self,
        kernel: Kernel,
        rule: Rule,
        mask: Any,
        step: Any,
        *,
        remembered: Any = None,
        of_layer: bool = False,
    ) -> None:
        self.kernel = kernel
        self.rule = rule
        self.mask = mask
        self.step = step
        self.remembered = remembered
        self.of_layer = of_layer
        self.optimizer_slots: list[tuple[Any, float]] = []
        kernel.variable.constraint = _Masked(self, kernel.variable.constraint)

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.kernel.name

    @property
    def variables(self) -> list[Any]:
        """The mask, the step, and what is remembered if anything is."""
        own = [self.mask, self.step]
        return own if self.remembered is None else [*own, self.remembered]

    @property
    def needs_gradient(self) -> bool:
        """Whether it can only be trained by an optimizer that tells its gradient."""
        return self.rule.score.needs_gradient or regrows(self.rule)

    @property
    def steps_begun(self) -> int:
        """The step whose mask is set; training has seen one batch less."""
        return int(self.step.numpy())

    def begin(self) -> None:
        """Set the mask of step 1, if training has not begun yet; a frozen kernel stays as it is."""
        if self.kernel.variable.trainable and self.steps_begun == 0:
            self.kernel.variable.assign(self.advance(self.kernel.variable))

    def catch_up(self) -> None:
        """Take the step that `begin` would have taken, had the kernel been there."""
        if self.kernel.variable.trainable:
            self.kernel.variable.assign(self.advance(self.kernel.variable))

    def advance(self, weights: Any) -> Any:
        """Move on by one step: recompute the mask from `weights` if due; return them masked."""
        self._learn()
        step = ops.convert_to_tensor(self.step) + 1
        due, sparsity = self._schedule(step)
        old = ops.convert_to_tensor(self.mask)
        mask = ops.cond(due, lambda: self._mask_due(weights, sparsity, step), lambda: old)
        self.step.assign(step)
        if not regrows(self.rule):
            self.mask.assign(mask)
            return _select(mask, weights)
        stayed, grown = ops.logical_and(mask, old), ops.logical_and(mask, ops.logical_not(old))
        self.mask.assign(mask)  # from here on `old`, which is the variable, is the new mask
        self._begin_afresh(grown)
        return _select(stayed, weights)

    def _mask_due(self, weights: Any, sparsity: Any, step: Any) -> Any:
        schedule: Any = self.rule.pruning_schedule
        if not regrows(self.rule):
            return self.mask_at(weights, sparsity)
        told = gradient_of(self.kernel.variable)
        return ops.cond(
            schedule.is_first(step),
            lambda: self.mask_at(weights, sparsity),
            lambda: moved(
                self.rule,
                self.kernel,
                mask=ops.convert_to_tensor(self.mask),
                weights=ops.cast(ops.convert_to_tensor(weights), "float32"),
                gradient=None if told is None else told.value,
                step=step,
            ),
        )

    def _begin_afresh(self, grown: Any) -> None:
        """Let the optimizer forget what it remembers of weights that have grown."""
        for slot, first in self.optimizer_slots:
            value = ops.convert_to_tensor(slot)
            slot.assign(ops.where(grown, ops.cast(first, value.dtype), value))

    def mask_at(self, weights: Any, sparsity: Any) -> Any:
        """Return the mask of these weights at this sparsity, by the rule's score."""
        weights = ops.cast(ops.convert_to_tensor(weights), "float32")
        remembered = None if self.remembered is None else ops.convert_to_tensor(self.remembered)
        scores = self.rule.score.of(weights, remembered)
        mask = self.rule.pattern.mask(self.kernel.to_canonical(scores), sparsity)
        return self.kernel.from_canonical(mask)

    def apply(self) -> None:
        """Make every weight under the mask zero again, after something else has written it."""
        self.kernel.variable.assign(self.masked_value())

    def masked_value(self) -> Any:
        """Return the kernel's values with zeros under the mask."""
        return _select(ops.convert_to_tensor(self.mask), self.kernel.variable)

    def threshold(self) -> float:
        """Return the smallest magnitude that no mask covers."""
        kept = ops.convert_to_tensor(self.mask)
        sizes = ops.abs(ops.cast(ops.convert_to_tensor(self.kernel.variable), "float32"))
        return float(ops.min(ops.where(kept, sizes, ops.full_like(sizes, float("inf")))))

    def sparsity(self) -> float:
        """Return the share of weights under the mask."""
        return 1.0 - float(ops.mean(ops.cast(self.mask, "float32")))

    def _learn(self) -> None:
        """Let the score learn from the update that is going on, if one is."""
        gradient = gradient_of(self.kernel.variable)
        if gradient is not None and self.rule.score.needs_gradient:
            before = ops.convert_to_tensor(self.remembered)
            after = self.rule.score.learned(before, gradient.weights, gradient.value)
            self.remembered.assign(after)

    def _schedule(self, step: Any) -> tuple[Any, Any]:
        due, sparsity = self.rule.pruning_schedule(step)
        if self.rule.pattern.fixed_sparsity is not None:
            # tfmot sets N:M masks at step 1, whatever the schedule's frequency.
            first = max(1, getattr(self.rule.pruning_schedule, "begin_step", 0))
            due = ops.logical_or(due, ops.equal(step, first))
        return due, sparsity


class _Masked(keras.constraints.Constraint):
    """The user's own constraint, if any, and then the mask."""

    def __init__(self, masked: MaskedKernel, own: Any) -> None:
        self.masked = masked
        self.own: Any = own.own if isinstance(own, _Masked) else own

    def __call__(self, weights: Any) -> Any:
        if self.masked.needs_gradient and gradient_of(self.masked.kernel.variable) is None:
            raise untold(self.masked)
        return self.masked.advance(weights if self.own is None else self.own(weights))


def at_first(rule: Rule, kernel: Kernel) -> Any:
    """Return an initializer of what the rule's score remembers of a kernel."""
    values = rule.score.at_first(tuple(kernel.shape), kernel.name)
    return lambda shape, dtype=None: ops.convert_to_tensor(values, dtype)


def mask_of(variable: Any) -> MaskedKernel | None:
    """Return the mask that a variable is under, None if it has none."""
    constraint: Any = variable.constraint
    while isinstance(constraint, ClusterConstraint):
        constraint = constraint.own
    return constraint.masked if isinstance(constraint, _Masked) else None


def untold(masked: MaskedKernel) -> PruneError:
    """Return the error of a kernel whose gradient nobody tells."""
    return PruneError(
        f"prune {masked.name} to {masked.rule.describe()}",
        "that takes what only an optimizer sees: the gradient of each update",
        "model.compile(optimizer=tfprune.PruningOptimizer('adam'), ...), around any optimizer",
    )


def _select(mask: Any, weights: Any) -> Any:
    weights = ops.convert_to_tensor(weights)
    return ops.where(mask, weights, ops.zeros_like(weights))
