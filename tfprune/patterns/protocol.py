"""What a pattern must offer."""

from __future__ import annotations

from typing import Any, Protocol

Shape = tuple[int, ...]


class Pattern(Protocol):
    """What a pattern must offer; `Block` and `NM` are the two that exist."""

    def mask(self, scores: Any, sparsity: Any) -> Any:
        """Return the boolean mask that keeps the highest scores at this sparsity."""

    def misfit(self, shape: Shape) -> str | None:
        """Return why a kernel of this shape cannot take the pattern, None if it can."""

    def unit(self, shape: Shape) -> int:
        """Return how many weights of a kernel of this shape are decided together."""

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""

    @property
    def fixed_sparsity(self) -> float | None:
        """The sparsity the pattern has by itself, None if the schedule decides."""
