"""What a rewriting did: one row for each change, and what the change does to the function."""

from __future__ import annotations

from dataclasses import dataclass

EXACT = "exact"
SHIFTS = "shifts"


@dataclass(frozen=True)
class Change:
    """One change of a model.

    Args:
        subject: The layer it is about.
        what: What became of it.
        effect: `"exact"`: the model computes what it computed, up to rounding; `"shifts"`: the
            layer looks at its input one pixel further up and left, so train afterwards.

    Example:
        >>> print(Change("pool", "keepdims=True becomes False", EXACT))
        pool: keepdims=True becomes False (exact)
    """

    subject: str
    what: str
    effect: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.what} ({self.effect})"
