"""Results that print themselves, in a terminal and in a notebook."""

from __future__ import annotations

import io
import shutil
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tfprune.tables.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.segment import Segment

# Without a terminal a table gets this many columns, so that no cell is cut in a log file.
_LOG_WIDTH = 118
_PAGE = '<pre style="line-height:normal;white-space:pre;overflow-x:auto">{code}</pre>'


class Shown:
    """A result whose `print` and whose notebook cell are its tables; the room says which."""

    @abstractmethod
    def tables(self) -> Any:
        """Return what rich prints."""

    def __str__(self) -> str:
        return printed(self.tables())

    def _repr_html_(self) -> str:
        """Return the tables for a notebook; Jupyter calls this."""
        console = _console(_LOG_WIDTH, record=True)
        console.print(_Visible(self.tables()))
        return console.export_html(code_format=_PAGE, inline_styles=True)


def printed(renderable: Any, colour: bool = False) -> str:
    """Return what rich prints, without control characters that somebody put into a name.

    Args:
        renderable: A table, a line or a group of them.
        colour: Whether a terminal's colours may be used.

    The width is that of the terminal, or what `COLUMNS` says; a log file's is 118.
    """
    width = shutil.get_terminal_size((_LOG_WIDTH, 24)).columns
    console = _console(width, color_system="auto" if colour else None, force_terminal=colour)
    console.print(_Visible(renderable))
    text: str = console.file.getvalue()
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def _console(width: int, **options: Any) -> Any:
    from rich.console import Console

    return Console(file=io.StringIO(), width=width, highlight=False, **options)


class _Visible:
    """What something prints, every character of it to be seen."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from rich.segment import Segment

        for segment in console.render(self.inner, options):
            text = segment.text if segment.control else visible(segment.text, lines=True)
            yield Segment(text, segment.style, segment.control)
