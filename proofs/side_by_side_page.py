"""The page of `proofs.side_by_side`, of its rows and of what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from proofs.repair import mean_and_range
from proofs.side_by_side_found import CONCLUSIONS, HEAD, NOT_HERE, PARTS_HEADS
from proofs.side_by_side_ways import PARTS, TECHNIQUES

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One way with one seed; shares from 0 to 1."""

    network: str
    part: str
    way: str
    seed: int
    images: int
    epochs: int
    tested: int
    macs: int = 0
    zeros: float = 0.0
    bytes: int = 0
    gzip_bytes: int = 0
    accuracy: float = 0.0
    classes: list[float] = field(default_factory=list)
    seconds: float = 0.0  # of CPU, to make the model

    @property
    def key(self) -> tuple[Any, ...]:
        """What was asked for."""
        return self.network, self.part, self.way, self.seed, *self.budget[1:]

    @property
    def budget(self) -> tuple[Any, ...]:
        """Within what rows may be compared."""
        return self.network, self.images, self.epochs, self.tested


@dataclass(frozen=True, kw_only=True)
class TimeRow:
    """One file, timed in turns with the others; the ratio is the dense file's time over its own."""

    network: str
    images: int
    epochs: int
    way: str
    median_ms: float
    ratio: float
    ratio_low: float
    ratio_high: float
    ratio_of_minima: float
    load: float | None


def page(rows: Sequence[Row], times: Sequence[TimeRow]) -> str:
    """Return docs/side_by_side.md."""
    parts = [HEAD]
    for budget in budgets(rows):
        own = [row for row in rows if row.budget == budget]
        parts += [_heading(own), _techniques(own, times)]
        parts += [_ways(own, part) for part in PARTS if part != "techniques"]
        parts.append(_missing(own))
    return "\n".join(part for part in [*parts, CONCLUSIONS] if part)


def budgets(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Return all budgets, those with the most rows first."""
    known = [row.budget for row in rows]
    return sorted(set(known), key=lambda budget: (-known.count(budget), budget))


def _heading(rows: Sequence[Row]) -> str:
    network, images, epochs, tested = rows[0].budget
    name = network.replace("resnet", "ResNet-")
    keys = [(row.part, row.way) for row in rows]
    counts = sorted({keys.count(key) for key in keys})
    seeds = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    return (
        f"## {name}: {epochs} epochs on {images:,} training images\n\n"
        f"Judged on {tested:,} test images; seeds: {seeds}. Means, and in brackets the lowest and "
        "the highest where there are several.\n"
    )


def found(rows: Sequence[Row], part: str, way: str) -> list[Row]:
    """Return the rows of a way, one for each seed."""
    return [row for row in rows if (row.part, row.way) == (part, way)]


def _techniques(rows: Sequence[Row], times: Sequence[TimeRow]) -> str:
    lines = [PARTS_HEADS["techniques"]]
    for way, about in TECHNIQUES.items():
        own = found(rows, "techniques", way)
        if own:
            cells = [
                f"**{way}**",
                about.says,
                *_sizes(own),
                _time(own[0], times),
                *_right(own, rows),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, NOT_HERE, _load(rows, times)])


def _load(rows: Sequence[Row], times: Sequence[TimeRow]) -> str:
    network, images, epochs, _ = rows[0].budget
    own = [t for t in times if (t.network, t.images, t.epochs) == (network, images, epochs)]
    if not own or own[0].load is None:
        return ""
    return f"Timed on a machine that others used too: a load of {own[0].load:.1f} afterwards.\n"


def _ways(rows: Sequence[Row], part: str) -> str:
    lines = [PARTS_HEADS[part]]
    for way, about in PARTS[part].items():
        own = found(rows, part, way)
        if own:
            cost = [_mean(own, "macs", 1e6), f"{100 * np.mean([row.zeros for row in own]):.1f}"]
            cells = [f"**{way}**", about.says, *cost, *_right(own, rows), _mean(own, "seconds")]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""]) if len(lines) > 1 else ""


def _missing(rows: Sequence[Row]) -> str:
    """Name the ways without a row, so that no reader takes them for useless."""
    known = {(row.part, row.way) for row in rows}
    missing = {
        part: ", ".join(way for way in ways if (part, way) not in known)
        for part, ways in PARTS.items()
    }
    said = "; ".join(f"{part}: {ways}" for part, ways in missing.items() if ways)
    return f"Not measured yet: {said}.\n" if said else ""


def _sizes(rows: Sequence[Row]) -> list[str]:
    sizes = [_mean(rows, name, 1e3) for name in ("bytes", "gzip_bytes")]
    return [*sizes, _mean(rows, "macs", 1e6)]


def _mean(rows: Sequence[Row], name: str, unit: float = 1) -> str:
    mean = np.mean([getattr(row, name) for row in rows]) / unit
    return f"{mean:,.0f}" if unit != 1e6 else f"{mean:.1f}"


def _time(row: Row, times: Sequence[TimeRow]) -> str:
    asked = row.network, row.images, row.epochs, row.way
    for time in times:
        if (time.network, time.images, time.epochs, time.way) == asked:
            rounds = f"{time.ratio:.2f} ({time.ratio_low:.2f} to {time.ratio_high:.2f})"
            return f"{rounds} | {time.ratio_of_minima:.2f}"
    return "- | -"


def _right(own: Sequence[Row], rows: Sequence[Row]) -> list[str]:
    """Return the accuracy, and the class that lost most of what the dense network has."""
    dense = found(rows, "techniques", "dense")
    shown = mean_and_range([row.accuracy for row in own])
    if not dense or own[0].way == "dense":
        return [shown, "-"]
    lost = np.mean([row.classes for row in own], 0) - np.mean([row.classes for row in dense], 0)
    worst = int(np.argmin(lost))
    return [shown, f"{CLASSES[worst]} {100 * lost[worst]:+.1f}"]
