"""One progress bar for every long step, on standard error, silent when nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` while a progress bar named `description` moves on standard error.

    Nothing is drawn when standard error is no terminal, closed or missing, so logs and `--json`
    stay clean.

    Example:
        >>> list(track([1, 2], "counting"))
        [1, 2]
    """
    if not _is_terminal(sys.stderr):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items,
        description=description,
        total=total,
        console=console,
        transient=True,
    )


def _is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks; a stream may be missing, closed, or anything with `write`."""
    try:
        return stream is not None and stream.isatty()
    except (AttributeError, OSError, ValueError):
        return False
