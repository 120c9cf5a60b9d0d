"""Print results and errors: tables or one JSON document on standard output, errors beside it."""

from __future__ import annotations

import json
import sys
from typing import Any

from tfprune.cli.speaking import Options, spoken
from tfprune.errors import PruneError
from tfprune.files import finite


def show(
    result: Any, document: dict[str, Any], as_json: bool, options: Options | None = None
) -> None:
    """Print `document` as JSON, or `result`: one that knows its tables, or what rich can print.

    JSON has no word for numbers that are infinite or none: they become null. Control characters
    in a name reach the terminal written out, in a table and in JSON.
    """
    from tfprune.tables import Shown, printed
    from tfprune.tables.visible import visible, visible_json

    if as_json:
        text = json.dumps(finite(document), indent=2, ensure_ascii=False, default=str)
        print(visible_json(text))
        return
    if isinstance(result, str):  # a line with a path, which is to be copied: it is not broken
        print(visible(spoken(result, options or {}), lines=True))
        return
    table = result.tables() if isinstance(result, Shown) else result
    print(printed(_in_words(table, options or {}), colour=sys.stdout.isatty()))


def _in_words(table: Any, options: Options) -> Any:
    """Return what rich prints with its lines, notes for example, in the command line's words."""
    from rich.console import Group
    from rich.text import Text

    if isinstance(table, Group):
        return Group(*(_in_words(part, options) for part in table.renderables))
    return Text(spoken(table.plain, options)) if isinstance(table, Text) else table


def show_error(error: PruneError, as_json: bool, options: Options | None = None) -> None:
    """Print what was asked, what was found and the fix, in the words of the command line."""
    from tfprune.tables.visible import visible, visible_json

    facts = {"asked": error.asked, "found": error.found, "fix": error.fix}
    facts = {name: spoken(fact, options or {}) for name, fact in facts.items()}
    lines = "\n".join(f"{name}: {fact}" for name, fact in facts.items())
    print(visible(lines, lines=True), file=sys.stderr)
    if as_json:
        document = {"error": {"kind": type(error).__name__, **facts}}
        print(visible_json(json.dumps(document, indent=2)))


def quiet() -> Any:
    """Return a context that keeps TensorFlow's start-up lines off the terminal."""
    from tfprune.export.quiet import quiet

    return quiet()
