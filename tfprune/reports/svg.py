"""Figures as inline SVG: drawn by matplotlib, coloured by the style sheet of the page.

Colours are drawn as place holders and become CSS variables, so that one picture follows its page
from light to dark to paper. Text stays text, in the reader's own fonts.
"""

from __future__ import annotations

import contextlib
import html
import io
import re
from collections.abc import Iterator
from typing import Any

from tfprune.errors import MissingExtra

# A place holder that matplotlib takes for a colour; `_VARIABLES` says what it becomes.
INK, MUTED, GRID, FIRST, SECOND, THIRD = (f"#01020{i}" for i in range(1, 7))
_VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
    THIRD: "var(--third)",
}
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tfprune",
    "text.parse_math": False,  # a dollar in a user's label is a dollar
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}
WIDTH = 4.4  # inches; the page scales it, and at this width 9 points stay readable on a phone


@contextlib.contextmanager
def figure(height: float) -> Iterator[tuple[Any, Any]]:
    """Yield a figure of `height` inches and its axes, in the report's style.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra.named("draw the report", "matplotlib", "report") from error
    with mpl.rc_context({**mpl.rcParamsDefault, **_STYLE}):
        drawing = Figure(figsize=(WIDTH, height), layout="constrained")
        yield drawing, drawing.subplots()


def svg_of(drawing: Any, name: str, title: str, description: str) -> str:
    """Return a figure as an `<svg>` element that can also be heard.

    Args:
        drawing: The figure.
        name: Keeps its ids apart from other pictures'.
        title: What it shows.
        description: Its numbers in words, for whoever cannot see them.
    """
    buffer = io.StringIO()
    drawing.savefig(buffer, format="svg", transparent=True)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' xmlns(:xlink)?="[^"]*"', "", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r"'DejaVu Sans'", "system-ui, sans-serif", svg)
    labels = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    heard = (
        f'<title id="{name}-title">{html.escape(title)}</title>'
        f'<desc id="{name}-desc">{html.escape(description)}</desc>'
    )
    svg = re.sub(r"<svg([^>]*)>", lambda m: f"<svg {labels}{m[1]}>{heard}", svg, count=1)
    for place_holder, variable in _VARIABLES.items():
        svg = svg.replace(place_holder, variable)
    return svg
