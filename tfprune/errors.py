"""What can go wrong, always as three facts: what was asked, what was found, how to fix it.

PruneError                 everything tfprune raises on purpose (a ValueError)
├── FileError              a file is missing, foreign, truncated, or cannot be written
├── MissingExtra           an optional package is needed; the fix is its install command
├── InfeasibleError        so much cannot be removed from this model
├── ProcessDied            the process that ran a file crashed, was killed, or hung
└── VerificationError      a converted model does not do what the Keras model does

PruneWarning               training went on, but not as asked
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any

_MOST = 8


class PruneError(ValueError):
    """An error that says what was asked, what was found, and how to fix it.

    Args:
        asked: What the caller wanted, in their own words and values.
        found: What stands in the way.
        fix: What to change, as a call or a command where there is one.

    Example:
        >>> print(PruneError("sparsity=1.5", "sparsity must be in [0, 1)", "use 0.5"))
        asked: sparsity=1.5
        found: sparsity must be in [0, 1)
        fix: use 0.5
    """

    def __init__(self, asked: str, found: str, fix: str) -> None:
        self.asked = asked
        self.found = found
        self.fix = fix
        super().__init__(f"asked: {asked}\nfound: {found}\nfix: {fix}")

    def __reduce__(self) -> tuple[type[PruneError], tuple[str, str, str]]:
        return type(self), (self.asked, self.found, self.fix)


class FileError(PruneError):
    """A file is missing, foreign, truncated, or cannot be written."""


class MissingExtra(PruneError):
    """An optional package is needed; `fix` holds the command that installs it."""

    @classmethod
    def named(cls, asked: str, package: str, extra: str) -> MissingExtra:
        """Build the error for `package`, which the extra `extra` installs."""
        return cls(
            asked,
            f"the package {package!r} is not installed",
            f'pip install "tfprune[{extra}]"',
        )


class InfeasibleError(PruneError):
    """So much cannot be removed from this model: less can, or nothing."""


class ProcessDied(PruneError):
    """The process that ran a file crashed or hung: nothing is known of its outputs."""


class VerificationError(PruneError):
    """A converted model does not compute what the Keras model computes."""


class PruneWarning(UserWarning):
    """Training went on, but the result is not what was asked for."""


_NO_CAUSE = ("Graph execution error:", "Detected at", 'File "', "<stack traces", "[[")
"""How the lines of a TensorFlow error begin that say where it happened, not what."""


def is_whole_number(value: Any) -> bool:
    """Whether what a user gave is a whole number, of Python or NumPy; True and False are none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def first_line(error: Exception) -> str:
    """Return the first line of an error's message that says what is wrong, or its type.

    Example:
        >>> first_line(ValueError("Graph execution error:\\n\\n[[node]]\\nlabel 9 of 4"))
        'label 9 of 4'
    """
    lines = [line.strip() for line in str(error).strip().splitlines()]
    told = (line for line in lines if line and not line.startswith(_NO_CAUSE))
    return next(told, lines[0] if lines else type(error).__name__)


def first_sentence(error: Exception) -> str:
    """Return the first sentence of an error's message on one line, or its type if it has none.

    Example:
        >>> first_sentence(ValueError("It is\\nbroken. See line 3."))
        'It is broken'
    """
    return " ".join(str(error).split()).split(". ")[0] or type(error).__name__


def near(name: str, names: Iterable[str]) -> str:
    """Return the names most like one, else the first ones, as words.

    A path such as `"backbone/f0"` is like a name if its last part is.

    Example:
        >>> near("stme", ["stem", "head"]), near("f_0", ["backbone/f0", "head"])
        ('stem and 1 more', 'backbone/f0 and 1 more')
    """
    present = sorted(set(names))
    paths: dict[str, list[str]] = {}
    for path in present:
        for known in dict.fromkeys((path, path.rpartition("/")[2])):
            paths.setdefault(known, []).append(path)
    alike = difflib.get_close_matches(name, paths, n=_MOST, cutoff=0.5)
    close = list(dict.fromkeys(path for known in alike for path in paths[known]))[:_MOST]
    shown = close or present[:_MOST]
    more = len(present) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
