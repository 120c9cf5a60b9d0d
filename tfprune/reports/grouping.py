"""Many notes of one kind as one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tfprune.notes import Note

_NAMED = 2  # subjects that a line names before it counts the others


def grouped(notes: Iterable[Note]) -> list[str]:
    """Join notes whose reasons differ at most in their numbers into one line each.

    Example:
        >>> grouped([Note("a", "has 8 weights"), Note("b", "has 24 weights")])
        ['a, b: has 8 to 24 weights']
        >>> grouped([Note(name, "stayed float") for name in "abcd"])
        ['a, b and 2 more: stayed float']
    """
    groups: dict[str, list[Note]] = {}
    for note in notes:
        groups.setdefault(re.sub(r"\d+", "0", note.reason), []).append(note)
    return [_line(group) for group in groups.values()]


def _line(group: Sequence[Note]) -> str:
    subjects = list(dict.fromkeys(note.subject for note in group))
    named = ", ".join(subjects[:_NAMED])
    more = f" and {len(subjects) - _NAMED} more" if len(subjects) > _NAMED else ""
    return f"{named}{more}: {_reason([note.reason for note in group])}"


def _reason(reasons: Sequence[str]) -> str:
    """Return the common reason; a number that differs becomes a range."""
    pieces = zip(*(re.split(r"(\d+)", reason) for reason in reasons), strict=True)
    return "".join(_piece(set(piece)) for piece in pieces)


def _piece(found: set[str]) -> str:
    if len(found) == 1:
        return found.pop()
    numbers = sorted(int(number) for number in found)
    return f"{numbers[0]} to {numbers[-1]}"
