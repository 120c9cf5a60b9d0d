"""Zeros: which weights of a kernel stay, and the best values for those that do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfprune.graph import values_of
from tfprune.keras_facts import Kernel
from tfprune.patterns import NM, Pattern
from tfprune.repairing.equations import STRENGTHS, Array, RegressionSums, Ridge, Solution, best_of
from tfprune.repairing.form import Form

Mask = NDArray[np.bool_]

_ROUNDS = 4
"""In so many steps the zeros are chosen; after each, what stays is refitted."""
_DAMPING = 1e-2
"""The ridge meanwhile, relative to the mean square of a feature: that of SparseGPT's code."""
_WORK = 2e11
"""Features³ times outputs, above which zeros are chosen in one step and refitted iteratively."""


@dataclass(frozen=True)
class Zeros:
    """How many weights of a kernel become zero, and in which pattern.

    Args:
        kernel: The original's.
        pattern: Which weights live or die together.
        sparsity: The share of zeros, where the pattern does not say it.
    """

    kernel: Kernel
    pattern: Pattern
    sparsity: float

    def mask(self, scores: Any) -> Mask:
        """Return which weights stay, the highest-scoring ones, in the kernel's shape."""
        return self._mask(self.pattern, self.sparsity, scores)

    def by_magnitude(self) -> NDArray[Any]:
        """Return the kernel with zeros where its weights are smallest."""
        values = values_of(self.kernel.variable)
        return np.where(self.mask(np.abs(values.astype(np.float32))), values, 0)

    def stages(self, rounds: int) -> Iterator[Callable[[Any], Mask]]:
        """Yield functions from scores to masks, with more and more zeros, the last with all."""
        if isinstance(self.pattern, NM):
            for zeros in range(self.pattern.zeros if rounds == 1 else 1, self.pattern.zeros + 1):
                yield partial(self._mask, NM(zeros, self.pattern.of), 0.0)
            return
        for number in range(1, rounds + 1):
            share = 1 - (1 - self.sparsity) ** (number / rounds)
            yield partial(self._mask, self.pattern, share)

    def _mask(self, pattern: Pattern, sparsity: float, scores: Any) -> Mask:
        canonical = self.kernel.to_canonical(np.asarray(scores, np.float32))
        return np.asarray(self.kernel.from_canonical(pattern.mask(canonical, sparsity)))


def solve_with_zeros(
    fit: RegressionSums, held: RegressionSums, prior: Array, offsets: bool, zeros: Zeros, form: Form
) -> Solution:
    """Return weights of which the planned ones are zero and the others make good for them.

    With A = X'X + r I of the rows, the weights w of one output miss least where A w = X'y + r p on
    those that stay. To lose weight i as well costs wᵢ² / [A⁻¹]ᵢᵢ, when the others of that output
    follow (Hassibi and Stork 1992, "Second order derivatives for network pruning: Optimal Brain
    Surgeon"). The cheapest go, some at a time, refitted in between: the greedy choice of OBC
    (Frantar and Alistarh 2022, "Optimal Brain Compression", arXiv 2208.11580) in a few steps
    instead of one for each weight. A wide kernel is refitted by conjugate gradients, its zeros
    chosen in one step, as SparseGPT (Frantar and Alistarh 2023, arXiv 2301.00774) does by block.

    Args:
        fit: The rows to learn from.
        held: The rows to choose the ridge by.
        prior: The original's weights, (groups, features, outputs).
        offsets: Whether the outputs may be moved by an offset.
        zeros: How many, and in which pattern.
        form: How the kernel is a stack of matrices.
    """
    ridge = Ridge(fit, prior, offsets)
    groups, features, outputs = prior.shape
    wide = groups * features**3 * outputs > _WORK
    mask = np.ones(prior.shape, bool)
    for stage in zeros.stages(1 if wide else _ROUNDS):
        weights, inverse = ridge.with_inverse(mask, _DAMPING)
        saliency = np.where(mask, weights**2 / inverse, 0)
        largest = max(saliency.max(), np.finfo(np.float32).tiny)
        mask = form.matrix(stage(form.kernel(saliency / largest)))
    if wide:
        found = [ridge.followed(mask, _DAMPING)]
    else:
        found = [ridge.on(mask, strength) for strength in STRENGTHS]
    by_magnitude = form.matrix(zeros.by_magnitude().astype(np.float64))
    return best_of(ridge, held, by_magnitude, found)
