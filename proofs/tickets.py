"""Lottery tickets on MNIST: at early weights, at new ones, and with masks drawn by chance.

    python -m proofs.tickets [--rows FILE.jsonl] [--seeds 3] [--draw]

The network of 300 and 100 units of Frankle & Carbin (2019) on 4,000 digits (`tfprune.demo`), six
epochs, tickets in four rounds, one set of rows for initial weights and one for those after 100
batches. About a CPU minute for each seed and rewinding. Prints the table of docs/tickets.md, and
with --draw writes its picture; finished rows are kept, and an interrupted run goes on, also in the
middle of a search.
"""

from __future__ import annotations

import argparse
import functools
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from tfprune.demo.digits import Digits, load_digits
from tfprune.files import write_text

SPARSITY, ROUNDS, EPOCHS, BATCH, RATE = 0.97, 4, 6, 60, 1.2e-3
REWINDS = (0, 100)
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "tickets.svg"
LOWEST = 75  # of the picture's axis, in percent
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

    seed: int
    rewind_to: int
    round: int
    sparsity: float
    value: float
    new_weights: float | None
    random_masks: float | None


def make_model() -> Any:
    """Return a network of 300 and 100 units, 266,200 weights."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Flatten(),
            layers.Dense(300, "relu", name="first"),
            layers.Dense(100, "relu", name="second"),
            layers.Dense(10, name="head"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"], jit_compile=False)
    return model


@functools.cache
def loaded() -> Digits:
    """Return the digits, read once."""
    return load_digits()


def train(model: Any, callbacks: list[Any]) -> float:
    """Train for six epochs; return the accuracy on 1,000 other digits."""
    digits = loaded()
    model.fit(
        digits.train_x,
        digits.train_y,
        batch_size=BATCH,
        epochs=EPOCHS,
        verbose=0,
        callbacks=callbacks,
    )
    right = model.evaluate(digits.test_x, digits.test_y, verbose=0, return_dict=True)
    return float(right["accuracy"])


def searched(seed: int, rewind_to: int) -> list[Row]:
    """Find a ticket and return a row for each round."""
    ticket = tfprune.find_ticket(
        make_model,
        train,
        sparsity=SPARSITY,
        rounds=ROUNDS,
        rewind_to=rewind_to,
        controls="all",
        seed=seed,
        folder=cache_folder() / "tickets" / f"{rewind_to}-{seed}",
    )
    return [
        Row(
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
    for number in range(ROUNDS + 1):
        zeros = next((row.sparsity for row in rows if row.round == number), None)
        if zeros is None:
            continue
        cells = [_cell(found(rows, rewind, number, way)) for rewind in known(rows) for way in WAYS]
        lines.append(f"| {100 * zeros:.1f} % | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    if not values:
        return ""
    ends = f" ({min(values):.1f} to {max(values):.1f})" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{ends}"


def draw(rows: list[Row]) -> str:
    """Return accuracy against the weights that are left as an SVG, a panel for each rewinding."""
    parts = [_panel(rows, rewind, 60 + 330 * place) for place, rewind in enumerate(known(rows))]
    legend = "".join(
        f'<path class="{way}" d="M{60 + 150 * i} 250h24"/><text class="left" x="{90 + 150 * i}" '
        f'y="254">{name}</text>'
        for i, (way, name) in enumerate(WAYS.items())
    )
    said = "; ".join(
        f"{name}, {_back_to(rewind)}: "
        + ", ".join(
            f"{np.mean(values):.1f} at {_left(rows, number):.3g} % left"
            for number in range(1, ROUNDS + 1)
            if (values := found(rows, rewind, number, way))
        )
        for rewind in known(rows)
        for way, name in WAYS.items()
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 268" role="img" '
        f'aria-labelledby="t">\n  <title id="t">Accuracy in percent. {said}</title>\n{STYLE}'
        + "\n".join(["", *parts, legend])
        + "\n</svg>\n"
    )


def _back_to(rewind: int) -> str:
    return "back to initial weights" if rewind == 0 else f"back to batch {rewind}"


def _panel(rows: list[Row], rewind: int, x: int) -> str:
    title = f"{_back_to(rewind)}: % right by % of weights left"
    parts = [f'<text x="{x + 140}" y="20">{title}</text>']
    for value in range(LOWEST, 101, 5):
        parts.append(f'<path class="axis" d="M{x} {_y(value):.1f}h290"/>')
        parts.append(f'<text class="small" x="{x - 16}" y="{_y(value) + 4:.1f}">{value}</text>')
    lefts = [_left(rows, number) for number in range(ROUNDS + 1)]
    for number, left in enumerate(lefts):
        parts.append(f'<text class="small" x="{_x(x, number)}" y="228">{left:.3g}</text>')
    for way in WAYS:
        at = [
            (_x(x, number), found(rows, rewind, number, way if number else "value"))
            for number in range(ROUNDS + 1)
        ]
        points = [(place, values) for place, values in at if values]
        line = " ".join(f"{place},{_y(float(np.mean(values))):.1f}" for place, values in points)
        parts.append(f'<polyline class="{way}" points="{line}"/>')
        for place, values in points:
            ends = f"M{place} {_y(min(values)):.1f}V{_y(max(values)):.1f}"
            parts.append(f'<path class="{way} thin" d="{ends}"/>')
    return "\n".join(parts)


def _left(rows: list[Row], number: int) -> float:
    return 100 * (1 - next((row.sparsity for row in rows if row.round == number), 0.0))


def _x(start: int, number: int) -> int:
    return start + 10 + number * 270 // ROUNDS


def _y(value: float) -> float:
    return 210 - (max(value, LOWEST) - LOWEST) / (100 - LOWEST) * 175


def main() -> int:
    """Search what is not known yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, help="finished rows, to go on with")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--draw", action="store_true", help="write the picture, too")
    arguments = parser.parse_args()
    path = arguments.rows or cache_folder() / "tickets.jsonl"
    rows = read_rows(path, Row)
    for seed in range(arguments.seeds):
        for rewind in REWINDS:
            if not any((row.seed, row.rewind_to) == (seed, rewind) for row in rows):
                for row in searched(seed, rewind):
                    rows.append(row)
                    append_row(path, row)
                    print(row, flush=True)
    print(table(rows))
    if arguments.draw:
        write_text(PICTURE, draw(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
