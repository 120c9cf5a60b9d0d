"""A note is one row of "what was not done as asked, and why": nothing is skipped in silence."""

from __future__ import annotations

from collections.abc import Sequence
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


def joined(notes: Sequence[Note], folded: Sequence[Note]) -> list[Note]:
    """Return one note for each layer that has no rule and could not be unfolded either.

    Args:
        notes: Which layers have no rule.
        folded: Why composite layers were not unfolded (`tfprune.graph.unfold`).

    Example:
        >>> print(*joined([Note("block", "no rule")], [Note("block", "it adds a loss")]))
        block: no rule; it was not unfolded: it adds a loss
    """
    why = {note.subject: note.reason for note in reversed(folded)}  # the first reason counts
    one_each = [
        Note(note.subject, f"{note.reason}; it was not unfolded: {why.pop(note.subject)}")
        if note.subject in why
        else note
        for note in notes
    ]
    return one_each + [Note(subject, reason) for subject, reason in why.items()]
