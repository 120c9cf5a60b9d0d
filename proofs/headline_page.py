"""docs/proof.md, out of the rows of `proofs.headlines`."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from proofs.headline_found import FOUND, HEAD, OTHERS, TITLES
from proofs.headline_measure import Row, beside_dense
from proofs.rows import spread

_HEAD_OF_TABLE = (
    "| file | smaller | download | fewer MACs | times as fast (of minima) | {sets} | lost most "
    "| verified |\n|---|---:|---:|---:|---:|{lines}---|---|\n"
)


def page(rows: Sequence[Row]) -> str:
    """Return the page: a table and what to conclude for each case."""
    parts = [HEAD]
    for case, title in TITLES.items():
        own = [row for row in rows if row.case == case]
        parts.append(f"## {title}\n\n{_section(own)}\n{FOUND[case]}\n")
    return "\n".join([*parts, OTHERS])


def _section(rows: Sequence[Row]) -> str:
    """Return a case's table: means over its seeds, in the order the files were made."""
    if not rows:
        return "Not measured yet.\n"
    sets = list(rows[0].right)
    labels = list(dict.fromkeys(row.file for row in rows))
    head = _HEAD_OF_TABLE.format(
        sets=" | ".join(f"right on {name}, %" for name in sets), lines="---:|" * len(sets)
    )
    return head + "".join(_line(rows, label) for label in labels)


def _line(rows: Sequence[Row], label: str) -> str:
    pairs = beside_dense(rows, label)
    own = [row for row, _ in pairs]

    def times(cost: Callable[[Row], float]) -> str:
        return f"{statistics.mean(cost(dense) / cost(row) for row, dense in pairs):.2f}x"

    cells = [
        f"**{label}**",
        times(lambda row: row.file_bytes),
        times(lambda row: row.gzip_bytes),
        times(lambda row: row.macs),
        f"{spread([row.median for row in own], 2)}x ({spread([row.minimum for row in own], 2)}x)",
        *(spread([100 * row.right[name] for row in own], 1) for name in own[0].right),
        "-" if own[0].file == rows[0].file else _worst(own),
        ", ".join(dict.fromkeys(row.verified for row in own)),
    ]
    return f"| {' | '.join(cells)} |\n"


def _worst(own: Sequence[Row]) -> str:
    row = max(own, key=lambda row: row.worst_lost)
    return f"{row.worst} {-100 * row.worst_lost:+.1f}"
