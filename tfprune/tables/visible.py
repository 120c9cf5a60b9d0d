"""Names that strangers chose, made harmless for a terminal."""

from __future__ import annotations

import re

# Control characters, the marks that turn the direction of writing, and lone surrogates.
_HIDDEN = "\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ANYWHERE = re.compile(f"[{_HIDDEN}]")
_IN_A_LINE = re.compile(f"[\n{_HIDDEN}]")


def visible(text: str, lines: bool = False) -> str:
    r"""Return text with every character written out that a terminal would obey and not show.

    Args:
        text: What a file, a model or a user named something.
        lines: Whether the text may have several lines.

    Example:
        >>> visible("conv\x1b[2J")
        'conv\\x1b[2J'
    """
    return (_ANYWHERE if lines else _IN_A_LINE).sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")


def visible_json(document: str) -> str:
    r"""Return JSON that means the same, with those characters as JSON's own escapes.

    Example:
        >>> visible_json('["a\x9b"]')
        '["a\\u009b"]'
    """
    return _ANYWHERE.sub(lambda found: f"\\u{ord(found[0]):04x}", document)
