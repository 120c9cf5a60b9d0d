"""What tfmot's users read from a pruning wrapper, under the names they know."""

from __future__ import annotations

from typing import Any

from tfprune.masks.engine import MaskedKernel
from tfprune.patterns import NM, Block
from tfprune.plan import Rule
from tfprune.schedules import PruningSchedule


class TfmotNames:
    """The attributes of tfmot's `PruneLowMagnitude`; the wrapper's rule and masks say the same."""

    layer: Any
    rule: Rule
    masked: list[MaskedKernel] | None
    variables: list[Any]

    @property
    def prunable_weights(self) -> list[Any]:
        """The kernels that have a mask."""
        return [masked.kernel.variable for masked in self.masked or []]

    @property
    def pruning_vars(self) -> list[tuple[Any, Any, float]]:
        """(kernel, mask, threshold) of each kernel; no weight left is smaller than the last."""
        return [(m.kernel.variable, m.mask, m.threshold()) for m in self.masked or []]

    @property
    def pruning_step(self) -> int:
        """How many batches were seen; -1 before a fit with `UpdatePruningStep` has begun."""
        return max((m.steps_begun for m in self.masked or []), default=0) - 1

    @property
    def pruning_schedule(self) -> PruningSchedule:
        """When and how much; kernels with rules of their own are in `masked`."""
        return self.rule.pruning_schedule

    @property
    def block_size(self) -> tuple[int, ...]:
        """The block of the wrapper's rule, (1, 1) where it has N:M groups."""
        return self.rule.pattern.size if isinstance(self.rule.pattern, Block) else (1, 1)

    @property
    def block_pooling_type(self) -> str:
        """How a block's score is made of its members', "AVG" or "MAX"."""
        return self.rule.pattern.pooling if isinstance(self.rule.pattern, Block) else "AVG"

    @property
    def sparsity_m_by_n(self) -> tuple[int, int] | None:
        """(zeros, of) of the wrapper's rule, None where it has blocks."""
        pattern = self.rule.pattern
        return (pattern.zeros, pattern.of) if isinstance(pattern, NM) else None

    def get_weights(self) -> list[Any]:
        """Return the values of the layer's own weights, then of masks and steps."""
        return [variable.numpy() for variable in self._layer_first()]

    def set_weights(self, weights: list[Any]) -> None:
        """Set the layer's own weights, or all that `get_weights()` returns."""
        own = len(self.layer.weights)
        self.layer.set_weights(weights[:own])
        if len(weights) > own:
            for variable, value in zip(self._layer_first()[own:], weights[own:], strict=True):
                variable.assign(value)

    def _layer_first(self) -> list[Any]:
        own = list(self.layer.weights)
        taken = {id(variable) for variable in self.layer.variables}
        return own + [variable for variable in self.variables if id(variable) not in taken]
