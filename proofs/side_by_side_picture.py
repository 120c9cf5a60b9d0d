"""The picture of `proofs.side_by_side`: how right each way ends, as a dot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from proofs.side_by_side_page import Row, budgets, found
from proofs.side_by_side_ways import PARTS

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "side_by_side.svg"
TITLES = {
    "techniques": "each technique alone",
    "structured": "3 times fewer MACs",
    "masks": "90 % zeros",
}
LEFT, RIGHT, LINE = 170, 640, 19
STYLE = """  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .name { text-anchor: end } .tick { text-anchor: middle } .tick, .number { fill: #59636e }
    .axis { stroke: #d0d7de } .dense { stroke: #59636e; stroke-dasharray: 3 3 }
    .techniques { stroke: #0969da; fill: #0969da } .structured { stroke: #bf5f00; fill: #bf5f00 }
    .masks { stroke: #1a7f37; fill: #1a7f37 } circle.untrained { fill: none; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .tick, .number { fill: #b1bac4 } .axis { stroke: #484f58 }
      .techniques { stroke: #58a6ff; fill: #58a6ff } .structured { stroke: #f0883e; fill: #f0883e }
      .masks { stroke: #3fb950; fill: #3fb950 } .dense { stroke: #b1bac4 }
    }
  </style>"""


def draw(rows: Sequence[Row]) -> str:
    """Return an SVG of the budget with the most rows."""
    own = [row for row in rows if row.budget == budgets(rows)[0]]
    lowest = 10 * int(min(10 * row.accuracy for row in own))
    parts, said, y = [], [], 24
    for part, ways in PARTS.items():
        known = {way: got for way in ways if (got := found(own, part, way))}
        if known:
            parts.append(f'<text x="{LEFT}" y="{y}">{TITLES[part]}: % right</text>')
            y += LINE
        for way, got in known.items():
            shares = [100 * row.accuracy for row in got]
            parts.append(_line(y, part, way, shares, lowest, ways[way].trains))
            said.append(f"{TITLES[part]}, {way}: {np.mean(shares):.1f}")
            y += LINE
        y += LINE // 2
    dense = [100 * row.accuracy for row in found(own, "techniques", "dense")]
    axis = _axis(y, lowest, float(np.mean(dense)) if dense else None)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 {y + 12}" role="img" '
        f'aria-labelledby="t">\n  <title id="t">Accuracy in percent. {"; ".join(said)}</title>\n'
        + "\n".join([STYLE, *axis, *parts])
        + "\n</svg>\n"
    )


def _line(y: int, part: str, way: str, shares: list[float], lowest: int, trains: bool) -> str:
    places = [_x(share, lowest) for share in (min(shares), float(np.mean(shares)), max(shares))]
    dot = part if trains else f"{part} untrained"
    return (
        f'<text class="name" x="{LEFT - 10}" y="{y}">{way}</text>'
        f'<path class="{part}" d="M{places[0]:.1f} {y - 4}H{places[2]:.1f}"/>'
        f'<circle class="{dot}" cx="{places[1]:.1f}" cy="{y - 4}" r="4"/>'
        f'<text class="number" x="{RIGHT + 12}" y="{y}">{np.mean(shares):.1f}</text>'
    )


def _axis(y: int, lowest: int, dense: float | None) -> list[str]:
    lines = []
    for value in range(lowest, 101, 10):
        x = _x(value, lowest)
        lines.append(f'<path class="axis" d="M{x:.1f} 30V{y - 10}"/>')
        lines.append(f'<text class="tick" x="{x:.1f}" y="{y + 4}">{value}</text>')
    if dense is not None:
        lines.append(f'<path class="dense" d="M{_x(dense, lowest):.1f} 30V{y - 10}"/>')
    return lines


def _x(value: float, lowest: int) -> float:
    return LEFT + (value - lowest) / (100 - lowest) * (RIGHT - LEFT)
