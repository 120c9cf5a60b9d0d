"""Lottery tickets: at early weights, at new ones, and with masks drawn by chance.

    python -m proofs.tickets [--networks dense resnet20] [--rows FILE.jsonl] [--seeds 3] [--draw]

"dense": the network of 300 and 100 units of Frankle & Carbin (2019) on 4,000 digits
(`tfprune.demo`), six epochs, tickets in four rounds, back to initial weights and to those after 100
batches; about a CPU minute for each seed and rewinding. "resnet20": 5,000 images of CIFAR-10, eight
epochs, three rounds, back to the weights after the first epoch; about twenty. Prints the tables of
docs/tickets.md, and with --draw writes its picture; finished rows are kept, and an interrupted run
goes on, also in the middle of a search.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import tfprune
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows, spread
from proofs.tickets_networks import TASKS
from tfprune.files import write_text

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "tickets.svg"
STYLE = """  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328; text-anchor: middle }
    .small { font-size: 11px; fill: #59636e } .left { text-anchor: start }
    .axis { stroke: #d0d7de; fill: none } path, polyline { fill: none; stroke-width: 2 }
    .value { stroke: #0969da } .new_weights { stroke: #bf5f00 } .random_masks { stroke: #1a7f37 }
    .thin, .axis { stroke-width: 1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .small { fill: #b1bac4 } .axis { stroke: #484f58 }
      .value { stroke: #58a6ff } .new_weights { stroke: #f0883e } .random_masks { stroke: #3fb950 }
    }
  </style>"""
WAYS = {"value": "ticket", "new_weights": "new weights", "random_masks": "random masks"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One round of one search."""

    network: str = "dense"
    seed: int
    rewind_to: int
    round: int
    sparsity: float
    value: float
    new_weights: float | None
    random_masks: float | None


def searched(network: str, seed: int, rewind_to: int) -> list[Row]:
    """Find a ticket and return a row for each round."""
    task = TASKS[network]
    ticket = tfprune.find_ticket(
        task.make_model,
        task.train,
        sparsity=task.sparsity,
        rounds=task.rounds,
        rewind_to=rewind_to,
        controls=task.controls,
        seed=seed,
        folder=cache_folder() / "tickets" / f"{network}-{rewind_to}-{seed}",
    )
    return [
        Row(
            network=network,
            seed=seed,
            rewind_to=rewind_to,
            round=row.round,
            sparsity=row.sparsity,
            value=row.value,
            new_weights=row.new_weights,
            random_masks=row.random_masks,
        )
        for row in ticket.rounds
    ]


def found(rows: list[Row], rewind_to: int, number: int, way: str) -> list[float]:
    """Return the accuracies of a round, in percent, one for each seed."""
    own = (row for row in rows if (row.rewind_to, row.round) == (rewind_to, number))
    return [100 * value for row in own if (value := getattr(row, way)) is not None]


def rounds_of(rows: list[Row]) -> int:
    """Return the number of the last round."""
    return max(row.round for row in rows)


def known(rows: list[Row]) -> list[int]:
    """Return to which batches rows go back."""
    return sorted({row.rewind_to for row in rows})


def table(rows: list[Row]) -> str:
    """Return the table of the page: means over seeds, and from the worst to the best."""
    heads = [
        f"{name}, {'initial weights' if rewind == 0 else f'batch {rewind}'}"
        for rewind in known(rows)
        for name in WAYS.values()
    ]
    lines = [f"| zeros | {' | '.join(heads)} |", "|--:|" + "--:|" * len(heads)]
    for number in range(rounds_of(rows) + 1):
        zeros = next((row.sparsity for row in rows if row.round == number), None)
        if zeros is None:
            continue
        cells = [_cell(found(rows, rewind, number, way)) for rewind in known(rows) for way in WAYS]
        lines.append(f"| {100 * zeros:.1f} % | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    return spread(values, 1) if values else ""


def draw(rows: list[Row]) -> str:
    """Return accuracy against the weights that are left as an SVG, a panel for each rewinding."""
    panels = [
        (network, rewind, [row for row in rows if row.network == network])
        for network in TASKS
        for rewind in known([row for row in rows if row.network == network])
    ]
    parts, said = [], []
    for place, (network, rewind, own) in enumerate(panels):
        title = f"{TASKS[network].title}, {_back_to(rewind)}"
        parts.append(_panel(own, rewind, title, 40 + 260 * place))
        said += [_said(own, rewind, title, way) for way in WAYS]
    legend = "".join(
        f'<path class="{way}" d="M{60 + 150 * i} 250h24"/><text class="left" x="{90 + 150 * i}" '
        f'y="254">{name}</text>'
        for i, (way, name) in enumerate(WAYS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {30 + 260 * len(panels)} 268" '
        f'role="img" aria-labelledby="t">\n  <title id="t">Accuracy in percent. {"; ".join(said)}'
        f"</title>\n{STYLE}" + "\n".join(["", *parts, legend]) + "\n</svg>\n"
    )


def _said(rows: list[Row], rewind: int, title: str, way: str) -> str:
    points = (
        f"{np.mean(values):.1f} at {_left(rows, number):.3g} % left"
        for number in range(1, rounds_of(rows) + 1)
        if (values := found(rows, rewind, number, way))
    )
    return f"{title}, {WAYS[way]}: {', '.join(points)}"


def _back_to(rewind: int) -> str:
    return "initial weights" if rewind == 0 else f"batch {rewind}"


def _panel(rows: list[Row], rewind: int, title: str, x: int) -> str:
    """Return the lines of one search: % right by % of weights left."""
    rounds = rounds_of(rows)
    shown = [
        v
        for number in range(rounds + 1)
        for way in WAYS
        for own in known(rows)
        for v in found(rows, own, number, way)
    ]
    low, high = 5 * int(min(shown) // 5), 5 * int(-(-max(shown) // 5))

    def at(number: int) -> int:
        return x + 10 + number * 200 // rounds

    def y(value: float) -> float:
        return 210 - (value - low) / (high - low) * 175

    parts = [f'<text x="{x + 110}" y="20">{title}</text>']
    for value in range(low, high + 1, 5):
        parts.append(f'<path class="axis" d="M{x} {y(value):.1f}h220"/>')
        parts.append(f'<text class="small" x="{x - 16}" y="{y(value) + 4:.1f}">{value}</text>')
    for number in range(rounds + 1):
        left = _left(rows, number)
        parts.append(f'<text class="small" x="{at(number)}" y="228">{left:.3g}</text>')
    for way in WAYS:
        points = [
            (at(number), values)
            for number in range(rounds + 1)
            if (values := found(rows, rewind, number, way if number else "value"))
        ]
        line = " ".join(f"{place},{y(float(np.mean(values))):.1f}" for place, values in points)
        parts.append(f'<polyline class="{way}" points="{line}"/>')
        for place, values in points:
            ends = f"M{place} {y(min(values)):.1f}V{y(max(values)):.1f}"
            parts.append(
                f'<path class="{way}" d="M{place - 3} {y(float(np.mean(values))):.1f}h6"/>'
            )
            parts.append(f'<path class="{way} thin" d="{ends}"/>')
    return "\n".join(parts)


def _left(rows: list[Row], number: int) -> float:
    return 100 * (1 - next((row.sparsity for row in rows if row.round == number), 0.0))


def main() -> int:
    """Search what is not known yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--rows", type=Path, help="finished rows, to go on with")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--draw", action="store_true", help="write the picture, too")
    arguments = parser.parse_args()
    path = arguments.rows or cache_folder() / "tickets.jsonl"
    rows = read_rows(path, Row)
    done = {(row.network, row.seed, row.rewind_to) for row in rows}
    asked = itertools.product(arguments.networks, range(arguments.seeds))
    for network, seed in asked:
        for rewind in TASKS[network].rewinds:
            if (network, seed, rewind) not in done:
                for row in searched(network, seed, rewind):
                    rows.append(row)
                    append_row(path, row)
                    print(row, flush=True)
    for network in dict.fromkeys(row.network for row in rows):
        print(table([row for row in rows if row.network == network]), end="\n\n")
    if arguments.draw:
        write_text(PICTURE, draw(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
