"""What a score of weights must offer."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np


class Score(ABC):
    """Says what each weight of a kernel is worth; subclass it to write your own.

    A subclass implements `of(weights, remembered)` with `keras.ops`, and `get_config()`, unless it
    is a dataclass, if models that use it are to be saved. What it learns from gradients, it
    returns from `learned`: one number per weight, kept beside the mask, saved with it, and handed
    to the next call. Gradients are seen by `tfprune.PruningOptimizer` alone, so a model whose
    masks need them is compiled with one.
    """

    name: ClassVar[str] = "a score of one's own"
    """The word for it in plans."""
    remembers: ClassVar[bool] = False
    """Whether a number is kept for each weight."""
    needs_gradient: ClassVar[bool] = False
    """Whether `learned` is called, with the gradient of each update."""

    def at_first(self, shape: tuple[int, ...], kernel: str) -> np.ndarray:
        """Return what is remembered of a kernel of this shape and name before it trains."""
        return np.zeros(shape, "float32")

    def learned(self, remembered: Any, weights: Any, gradient: Any) -> Any:
        """Return what is remembered after an update.

        Args:
            remembered: What was, float32.
            weights: The weights before the update, float32.
            gradient: The loss differentiated by them, zeros under the mask included; float32.
        """
        return remembered

    @abstractmethod
    def of(self, weights: Any, remembered: Any) -> Any:
        """Return the scores, higher = stays.

        Args:
            weights: Float32, in the kernel's shape.
            remembered: The same; None if the score remembers nothing.
        """

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return dataclasses.asdict(self) if dataclasses.is_dataclass(self) else {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Score:
        """Build the score from `get_config()`."""
        return cls(**config)
