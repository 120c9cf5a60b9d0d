"""Print results and errors: tables or one JSON document on standard output, errors beside it."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from tfprune.errors import PruneError

# Without a terminal a table gets this many columns, so that no cell is cut in a log file.
_LOG_WIDTH = 118


def show(table: Any, document: dict[str, Any], as_json: bool) -> None:
    """Print `document` as JSON, or `table`, something that rich can print.

    JSON has no word for numbers that are infinite or none: they become null.
    """
    if as_json:
        print(json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str))
        return
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else _LOG_WIDTH, highlight=False)
    with console.capture() as captured:  # rich would end the process at a closed pipe
        console.print(table)
    print(captured.get(), end="")


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(own) for name, own in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(own) for own in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def show_error(error: PruneError, as_json: bool) -> None:
    """Print what was asked, what was found and the fix."""
    print(error, file=sys.stderr)
    if as_json:
        facts = {"asked": error.asked, "found": error.found, "fix": error.fix}
        print(json.dumps({"error": {"kind": type(error).__name__, **facts}}, indent=2))


def quiet() -> Any:
    """Return a context that keeps TensorFlow's start-up lines off the terminal."""
    from tfprune.export.quiet import quiet

    return quiet()
