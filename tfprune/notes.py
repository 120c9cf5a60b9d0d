"""A note is one row of "what was not done as asked, and why": nothing is skipped in silence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Note:
    """One thing left alone, fallen back or grown, with its named reason.

    Args:
        subject: The layer, kernel, op or file it is about, e.g. `"dense_1/kernel"`.
        reason: Why, in a sentence a user can act on.

    Example:
        >>> print(Note("dense/kernel", "stayed float: fewer than 1024 weights"))
        dense/kernel: stayed float: fewer than 1024 weights
    """

    subject: str
    reason: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.reason}"
