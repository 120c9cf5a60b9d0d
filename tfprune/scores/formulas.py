"""The scores of the literature."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfprune.errors import PruneError, is_whole_number
from tfprune.scores.score import Score


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class MagnitudeScore(Score):
    """|w|: the smallest weights go first.

    Han et al., "Learning both Weights and Connections for Efficient Neural Networks", 2015,
    arXiv:1506.02626, section 3.

    Example:
        >>> MagnitudeScore().of(ops.array([[-2.0, 1.0]]), None).numpy().tolist()
        [[2.0, 1.0]]
    """

    name: ClassVar[str] = "magnitude"

    def of(self, weights: Any, remembered: Any) -> Any:
        """Return the absolute values."""
        return ops.abs(weights)


@dataclass(frozen=True)
class _Accumulated(Score):
    """A number per weight that each update adds to; by magnitude until there was one."""

    decay: float = 1.0
    remembers: ClassVar[bool] = True
    needs_gradient: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 < self.decay <= 1:
            raise PruneError(
                f"{type(self).__name__}(decay={self.decay!r})",
                "it is what is left of the sum after a step, above 0 and at most 1",
                "use decay=1.0 to add up all steps, or 0.99 for about the last hundred",
            )

    def of(self, weights: Any, remembered: Any) -> Any:
        """Return the sum; magnitudes while it is zero everywhere."""
        return ops.where(ops.any(remembered != 0), remembered, ops.abs(weights))


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class Movement(_Accumulated):
    """Σ -w · ∂L/∂w: weights that training moves towards zero go first, large or not.

    S(T) = -Σ_{t<T} (∂L/∂w)(t) · w(t); Sanh, Wolf & Rush, "Movement Pruning: Adaptive Sparsity by
    Fine-Tuning", 2020, arXiv:2005.07683, section 4, without its learning rate, which changes no
    order. It is meant for fine-tuning. A weight under the mask is zero here, so its score stays
    what it was, where the paper's weights go on moving under the mask.

    Args:
        decay: What is left of the sum after a step, in (0, 1]; the paper's is 1.

    Raises:
        PruneError: `decay` is out of range.

    Example:
        >>> w, g = ops.array([2.0, -1.0]), ops.array([0.5, 0.25])
        >>> Movement().learned(ops.zeros(2), w, g).numpy().tolist()
        [-1.0, 0.25]
    """

    name: ClassVar[str] = "movement"

    def learned(self, remembered: Any, weights: Any, gradient: Any) -> Any:
        """Return the sum with this update's -w · ∂L/∂w."""
        return self.decay * remembered - weights * gradient


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class TaylorScore(_Accumulated):
    """Σ |w · ∂L/∂w|: weights whose removal changes the loss least, to first order, go first.

    With w = 0 the loss changes by -w · ∂L/∂w + O(w²); Molchanov et al., "Pruning Convolutional
    Neural Networks for Resource Efficient Inference", 2017, arXiv:1611.06440, equations 5 to 7, and
    "Importance Estimation for Neural Network Pruning", 2019, arXiv:1906.10771, equation 8, for a
    single weight. A weight under the mask is zero, so its score grows no more.

    Args:
        decay: What is left of the sum after a step, in (0, 1].

    Raises:
        PruneError: `decay` is out of range.

    Example:
        >>> w, g = ops.array([2.0, -1.0]), ops.array([0.5, 0.25])
        >>> TaylorScore(decay=0.5).learned(ops.ones(2), w, g).numpy().tolist()
        [1.5, 0.75]
    """

    name: ClassVar[str] = "taylor"

    def learned(self, remembered: Any, weights: Any, gradient: Any) -> Any:
        """Return the sum with this update's |w · ∂L/∂w|."""
        return self.decay * remembered + ops.abs(weights * gradient)


@keras.saving.register_keras_serializable("tfprune")
@dataclass(frozen=True)
class RandomScore(Score):
    """A number drawn once for each weight: the control that other scores are measured by.

    Drawn evenly from [0, 1) when the mask is made, and kept, so that a growing mask only grows.

    Args:
        seed: A whole number of at least 0; kernels of other names have other numbers.

    Raises:
        PruneError: `seed` is no such number.

    Example:
        >>> first, again = (RandomScore(3).at_first((2, 2), "head/kernel") for _ in range(2))
        >>> bool((first == again).all()), bool((first == RandomScore(4).at_first((2, 2), "")).any())
        (True, False)
    """

    seed: int = 0
    name: ClassVar[str] = "chance"
    remembers: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not is_whole_number(self.seed) or self.seed < 0:
            raise PruneError(
                f"RandomScore(seed={self.seed!r})",
                "a seed is a whole number of at least 0",
                "RandomScore(seed=0)",
            )

    def at_first(self, shape: tuple[int, ...], kernel: str) -> np.ndarray:
        """Return the numbers of a kernel."""
        rng = np.random.default_rng((int(self.seed), zlib.crc32(kernel.encode())))
        return rng.random(shape, "float32")

    def of(self, weights: Any, remembered: Any) -> Any:
        """Return the numbers that were drawn."""
        return remembered
