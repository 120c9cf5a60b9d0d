"""The picture of docs/proof.md: how much smaller and faster each file is, and what it lost."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from pathlib import Path

from proofs.headline_found import TITLES
from proofs.headline_measure import Row, beside_dense

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "headlines.svg"
LEFT, WIDTH, LINE, MOST = 190, 330, 34, 128
STYLE = """  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .name { text-anchor: end } .case { font-weight: 600 } .tick { text-anchor: middle }
    .tick, .lost { fill: #59636e } .axis { stroke: #d0d7de }
    .size { fill: #1a7f37 } .time { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .tick, .lost { fill: #b1bac4 } .axis { stroke: #484f58 }
      .size { fill: #3fb950 } .time { fill: #58a6ff }
    }
  </style>"""


def draw(rows: Sequence[Row]) -> str:
    """Return an SVG: for each file its download and its time as factors, on a log scale."""
    parts, said, y = _legend(), [], 48
    for case, title in TITLES.items():
        own = [row for row in rows if row.case == case]
        if not own:
            continue
        parts.append(f'<text class="case" x="12" y="{y}">{title}</text>')
        y += 12
        for label in list(dict.fromkeys(row.file for row in own))[1:]:
            size, time, lost = factors(own, label)
            parts += _bars(label, size, time, lost, y)
            said.append(f"{title}, {label}: {size:.1f}x smaller, {time:.1f}x as fast, {lost:+.1f}")
            y += LINE
        y += 22
    grid = [
        f'<path class="axis" d="M{_x(n):.0f} 36V{y - 20}"/>'
        f'<text class="tick" x="{_x(n):.0f}" y="{y - 6}">{n}x</text>'
        for n in (1, 2, 4, 8, 16, 32, 64, 128)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {y + 4}" role="img" '
        f'aria-labelledby="t">\n  <title id="t">{"; ".join(said)} points</title>\n{STYLE}\n'
        + "\n".join([*grid, *parts])
        + "\n</svg>\n"
    )


def factors(rows: Sequence[Row], label: str) -> tuple[float, float, float]:
    """Return how many times smaller and as fast a file is, and the points won on its test set."""
    pairs = beside_dense(rows, label)
    first = next(iter(rows[0].right))
    return (
        statistics.mean(dense.gzip_bytes / row.gzip_bytes for row, dense in pairs),
        statistics.mean(row.median for row, _ in pairs),
        100 * statistics.mean(row.right[first] - dense.right[first] for row, dense in pairs),
    )


def _x(factor: float) -> float:
    return LEFT + WIDTH * math.log2(max(1, factor)) / math.log2(MOST)


def _bars(label: str, size: float, time: float, lost: float, y: int) -> list[str]:
    return [
        f'<text class="name" x="{LEFT - 8}" y="{y + 15}">{label}</text>',
        f'<rect class="size" x="{LEFT}" y="{y}" width="{_x(size) - LEFT:.1f}" height="9"/>',
        f'<rect class="time" x="{LEFT}" y="{y + 11}" width="{_x(time) - LEFT:.1f}" height="9"/>',
        f'<text class="lost" x="{LEFT + WIDTH + 16}" y="{y + 15}">{lost:+.1f} points</text>',
    ]


def _legend() -> list[str]:
    return [
        '<rect class="size" x="12" y="10" width="12" height="12"/>',
        '<text x="30" y="20">download smaller</text>',
        '<rect class="time" x="150" y="10" width="12" height="12"/>',
        '<text x="168" y="20">times as fast</text>',
        '<text class="lost" x="290" y="20">right, beside the dense network</text>',
    ]
