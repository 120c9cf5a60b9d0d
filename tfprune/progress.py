"""One progress bar for every long step, on standard error, silent when nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def track(items: Iterable[T], description: str, total: int | None = None) -> Iterator[T]:
    """Yield from `items` while a progress bar named `description` moves on standard error.

    Nothing is drawn when standard error is not a terminal, so logs and `--json` stay clean.

    Example:
        >>> list(track([1, 2], "counting"))
        [1, 2]
    """
    from rich.console import Console
    from rich.progress import track as rich_track

    console = Console(stderr=True)
    yield from rich_track(
        items,
        description=description,
        total=total,
        console=console,
        transient=True,
        disable=not sys.stderr.isatty(),
    )
