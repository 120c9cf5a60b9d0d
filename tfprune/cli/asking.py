"""Ask the user, where there is a terminal to ask on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def can_ask(as_json: bool) -> bool:
    """Whether somebody sits there: a terminal to read from and one to write to."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not as_json


def ask_which(choices: Sequence[T]) -> T | None:
    """Show numbered choices on standard error and return the one whose number is typed.

    Nothing, the end of the input and Ctrl-C are None.
    """
    for number, choice in enumerate(choices, 1):
        print(f"{number}) {choice}", file=sys.stderr)
    numbers = {str(number): choice for number, choice in enumerate(choices, 1)}
    try:
        while True:
            print(f"which, 1 to {len(choices)}? ", end="", file=sys.stderr, flush=True)
            answer = sys.stdin.readline().strip()
            if not answer or answer in numbers:
                return numbers.get(answer)
    except KeyboardInterrupt:
        return None
