"""The mask engine: a mask is a constraint on a kernel.

Keras calls a variable's constraint at the end of every optimizer update, in `fit`, in custom
loops, under any strategy and compiled or not. So that is where a mask lives: after each update
it is recomputed if the schedule says so, and the kernel is multiplied by it. Gradients are
dense: when a mask is recomputed, a weight under it competes with the value that the last
optimizer update gave it, and may come back, as in tfmot. At any other time it is exactly zero.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfprune.keras_facts import Kernel
from tfprune.plan import Rule


class MaskedKernel:
    """One kernel, its mask and the step it has reached.

    Args:
        kernel: The kernel; its variable's constraint is extended by the mask.
        rule: When, how much, and in which pattern it is pruned.
        mask: Boolean variable of the kernel's shape.
        step: Integer scalar variable, the step whose mask is set, 0 before training.
    """

    def __init__(self, kernel: Kernel, rule: Rule, mask: Any, step: Any) -> None:
        self.kernel = kernel
        self.rule = rule
        self.mask = mask
        self.step = step
        kernel.variable.constraint = _Masked(self, kernel.variable.constraint)

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.kernel.name

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
        step = ops.convert_to_tensor(self.step) + 1
        due, sparsity = self._schedule(step)
        old = ops.convert_to_tensor(self.mask)
        mask = ops.cond(due, lambda: self.mask_at(weights, sparsity), lambda: old)
        self.step.assign(step)
        self.mask.assign(mask)
        return _select(mask, weights)

    def mask_at(self, weights: Any, sparsity: Any) -> Any:
        """Return the mask of these weights at this sparsity, by magnitude."""
        scores = ops.abs(ops.cast(ops.convert_to_tensor(weights), "float32"))
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
        return self.masked.advance(weights if self.own is None else self.own(weights))


def _select(mask: Any, weights: Any) -> Any:
    weights = ops.convert_to_tensor(weights)
    return ops.where(mask, weights, ops.zeros_like(weights))
