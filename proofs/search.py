"""Search: ResNets on CIFAR-10 at equal latency, widths by several ways, repaired, not trained.

    python -m proofs.search [--depths 20 56] [--shares 0.7 0.5 0.35] [--draws 1]
                            [--test-images 2000] [--rows FILE] [--runs FOLDER]

For each network the sensitivities (repaired and sliced) and a latency table of this machine are
measured once. For each share of the dense network's latency, as the table predicts it, widths are
chosen by: uniform ratios; global Taylor by MACs; global Taylor by latency; search on sliced and on
repaired networks. All are repaired on the same unlabelled images, and the files of one share are
timed in turns with the dense one. Each finished row is appended to a file, so that an interrupted
run goes on where it was. Writes docs/search.md.
Where the weights are looked for: python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import tfprune
from proofs import resnets
from proofs.counting import count_macs
from proofs.data import Images, cifar10
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from proofs.training import compile_for, normalise
from proofs.untrained import DOCS, parser_of, right_on, unlabelled
from tfprune import criteria
from tfprune.bench.many import time_many
from tfprune.compressing.planning import ScoredOnce
from tfprune.curves import LatencyTable
from tfprune.files import write_text
from tfprune.surgery.width_costs import TableCosts

SCORED_IMAGES, SCORED_BATCH, LABELLED, ROUND_TO = 512, 8, 10_000, 4
"""Images that Taylor scores by; from which those for sensitivities are drawn."""
FEWER: dict[int, dict[str, Any]] = {56: {"ratios": (0.5, 0.75), "samples": 256}}
"""What keeps the sensitivities of a deep network affordable."""
HALVINGS = 12
METHODS = {
    "uniform": "the same ratio for all",
    "taylor by MACs": "global Taylor, MACs as a stand-in",
    "taylor by latency": "global Taylor per millisecond of the table",
    "search, sliced": "sensitivities of networks that were only sliced",
    "search": "sensitivities of repaired networks",
    "search, sliced, outputs": "the same by disagreement with the dense network's outputs, sliced",
    "search, outputs": "the same, repaired",
}
_HEAD = """# Search: widths by measurement

How wide should each layer be? Two measurements answer that, for every budget at once:

```text
found = tfprune.sensitivity(model, (x, y), folder="cells")  # what each group loses, pruned alone
table = tfprune.latency_table(model, target="android")  # what each layer takes, by width
plan = tfprune.plan_structured(
    model, 0.5, target="latency", latency=table, sensitivity=found
)
small = plan.apply(repair_on=x[:256])
```

or `tfprune sensitivity`, `tfprune latency-table` and `tfprune prune --target latency --latency
latencies.json --sensitivity cells.json`. `target="macs"`, `"params"` and `"units"` need no table; a
table needs no sensitivities. `found.save("cells.json")` and `table.save("latencies.json")` keep
them. Labels are needed for the sensitivities; `folder=` keeps each finished cell, so that a killed
call goes on and more ratios cost only the new ones. `tfprune.report(models, sensitivity=found,
latency=table)` draws both. `plan.size` says what the table predicts; a file that was timed corrects
it: `table.corrected([table.whole_file("half", plan.size.latency_after, measured_ms)])`. Networks
are measured repaired (`repair=False`: only sliced), by `by="loss"` or by `by="disagreement"` with
the model's own outputs; both stand in the cells.

## Measured

Written by `python -m proofs.search --depths 20`;
the rows: [measured/search.jsonl](measured/search.jsonl).
Pretrained ResNets for CIFAR-10, units ranked by Taylor in all rows, widths multiples of {round_to}
(but for uniform ratios, which come near to a latency only in single units). At each share of the
dense network's latency, as the latency table of this machine predicts it (float32, one thread), the
ways to choose the widths. **Right** is the accuracy in per cent on {images:,} test images, each
network repaired on the same 256 unlabelled images and *not trained*, one draw of them; the 95 %
interval is about ±1.6 to 2.2 points. **Sum of losses** is what the sensitivities of repaired
networks add up to, on training images. **Measured**: the files of one share timed in turns, the
best of 9 rounds, on a machine that others used too. Sensitivities at four ratios on 512 labelled
training images (of ResNet-56, if it is measured, at two on 256).

| network | latency | widths by | right | sum of losses | MACs | predicted ms | measured ms | off |
|---|---:|---|---:|---:|---:|---:|---:|---:|
"""


_SAYS = """
## What it says

For ResNet-20, before training, one draw. Search on repaired networks is ahead of uniform ratios at
all three latencies (by 3.9, 6.6 and 2.4 points), and of global Taylor by MACs at two of three: -2.4
points at 70 %, +2.7 at 50 % and 35 %, about as much as 2,000 images can tell apart. Its file at 50
% took 8 % longer than predicted, that of Taylor 3 % less, so that those two are not of equal
latency. Search on networks that were only sliced was the best at 70 % (84.5) and the worst at 50 %
(59.6): what a sliced network loses says little of one that will be repaired. Disagreement with the
dense network's outputs chose no clearly better widths than the loss. So `compress` ranks unless it
is told to search. The table was off by up to 6 % for most files; by 8 and 10 % for two, and by 14 %
for uniform ratios at 50 %, whose widths are no multiples of 4 and lie between those that were
measured. Not measured: ResNet-56, MobileNetV2, MiniLM, further draws, and any of it after training.
"""


@dataclass(frozen=True)
class Row:
    """One pruned network before training; accuracies from 0 to 1."""

    network: str
    method: str
    share: float
    draw: int
    test_images: int
    right: float
    losses: float
    macs: float
    predicted_ms: float
    measured_ms: float
    dense_ms: float
    dense_right: float
    plan_seconds: float
    cells: int
    cell_seconds: float
    table_files: int
    table_seconds: float

    @property
    def point(self) -> tuple[Any, ...]:
        """Which files were timed together."""
        return self.network, self.share, self.draw, self.test_images


@dataclass(frozen=True)
class Known:
    """What was measured of a network once."""

    dense: keras.Model
    scored: Any
    sensitivity: Any
    table: LatencyTable
    table_seconds: float


def known(depth: int, images: Images, arguments: argparse.Namespace) -> Known:
    """Measure sensitivities and latencies, or find them."""
    dense = resnets.pretrained(depth, arguments.weights)
    compile_for(dense, 0.01)
    scored = normalise(images.train_x[:SCORED_IMAGES]), images.train_y[:SCORED_IMAGES]
    data = tf.data.Dataset.from_tensor_slices(scored).batch(SCORED_BATCH)
    labelled = normalise(images.train_x[:LABELLED]), images.train_y[:LABELLED]
    folder = arguments.runs / dense.name
    found = tfprune.sensitivity(
        dense,
        labelled,
        repair="both",
        criterion=criteria.Taylor(data),
        round_to=ROUND_TO,
        folder=folder,
        **FEWER.get(depth, {}),
    )
    print(found, flush=True)
    place, seconds = folder / "host.json", 0.0
    if not place.exists():
        started = time.monotonic()
        tfprune.latency_table(dense, round_to=ROUND_TO).save(place)
        seconds = time.monotonic() - started
    table = LatencyTable.read(place)
    print(table, flush=True)
    return Known(dense, ScoredOnce(criteria.Taylor(data)), found, table, seconds)


def plans(about: Known, share: float) -> Iterator[tuple[str, Any, float]]:
    """Yield each way to choose widths, its plan, and the seconds that planning took."""
    for method in METHODS:
        started = time.monotonic()
        plan = _plan(about, method, 1 - share)
        yield method, plan, time.monotonic() - started


def _plan(about: Known, method: str, ratio: float) -> Any:
    common: dict[str, Any] = {"round_to": ROUND_TO, "target": "latency", "latency": about.table}
    if method == "uniform":  # in steps of 4 no ratio comes near to some latencies
        common["round_to"] = 1
        return tfprune.plan_structured(about.dense, ratio, about.scored, **common)
    if method == "taylor by latency":
        return tfprune.plan_structured(about.dense, ratio, about.scored, scope="global", **common)
    if method == "taylor by MACs":
        return _by_macs(about, ratio)
    found = about.sensitivity
    if "sliced" in method:
        found = only_sliced(found)
    if "outputs" in method:
        found = replace(found, by="disagreement")
    return tfprune.plan_structured(about.dense, ratio, sensitivity=found, **common)


def only_sliced(found: Any) -> Any:
    """Return a sensitivity without its repaired cells."""
    cells = tuple(cell for cell in found.cells if not cell.repaired)
    return replace(found, cells=cells)


def _by_macs(about: Known, ratio: float) -> Any:
    """Bisect the share of MACs until the table predicts the latency that is asked for."""
    settings = {"target": "macs", "scope": "global", "round_to": ROUND_TO}
    goal = (1 - ratio) * latency_of(about, tfprune.plan_structured(about.dense, 0.0, **settings))
    low, high, best = 0.0, 0.95, None
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        plan = tfprune.plan_structured(
            about.dense, middle, about.scored, max_ratio=0.96, **settings
        )
        if latency_of(about, plan) > goal:
            low = middle
        else:
            high, best = middle, plan
    return best


def latency_of(about: Known, plan: Any) -> float:
    """Return the milliseconds that the table predicts for a plan."""
    groups = [group for group in plan.structure.groups if group.kept_whole is None]
    return TableCosts(plan.structure, groups, about.table).of(plan.kept)


def losses_of(about: Known, plan: Any) -> float:
    """Return what the measured losses add up to at a plan's widths."""
    known = set(about.sensitivity.groups)
    return sum(about.sensitivity.rise(r.group, r.after) for r in plan.rows if r.group in known)


def measure(
    about: Known, share: float, draw: int, x: Any, right: Callable[[Any], float], images: int
) -> list[Row]:
    """Return the rows of one share: all ways, timed in turns."""
    found = [(m, p, s, p.apply(repair_on=x)) for m, p, s in plans(about, share)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{i}.tflite") for i in range(1 + len(found))]
        for path, model in zip(paths, [about.dense, *(own[-1] for own in found)], strict=True):
            tfprune.convert(model, path)
        dense_ms, *times = time_many(paths, rounds=9)
    dense_right, whole = right(about.dense), count_macs(about.dense)
    cells = about.sensitivity.cells
    return [
        Row(
            network=about.dense.name,
            method=method,
            share=share,
            draw=draw,
            test_images=images,
            right=right(small),
            losses=round(losses_of(about, plan), 4),
            macs=count_macs(small) / whole,
            predicted_ms=latency_of(about, plan),
            measured_ms=ms,
            dense_ms=dense_ms,
            dense_right=dense_right,
            plan_seconds=round(seconds, 2),
            cells=len(cells),
            cell_seconds=round(sum(cell.seconds for cell in cells), 1),
            table_files=about.table.files,
            table_seconds=round(about.table_seconds, 1),
        )
        for (method, plan, seconds, small), ms in zip(found, times, strict=True)
    ]


def page(rows: list[Row]) -> str:
    """Return docs/search.md."""
    networks = list(dict.fromkeys(row.network for row in rows))
    count = rows[0].test_images if rows else 0
    text = _HEAD.format(round_to=ROUND_TO, images=count)
    for row in sorted(rows, key=lambda r: (r.network, -r.share, list(METHODS).index(r.method))):
        text += (
            f"| {row.network} | {100 * row.share:.0f} % | {row.method} | {100 * row.right:.1f} | "
            f"{row.losses:.3f} | {100 * row.macs:.0f} % | {row.predicted_ms:.3f} | "
            f"{row.measured_ms:.3f} | {100 * (row.predicted_ms / row.measured_ms - 1):+.0f} % |\n"
        )
    lines = [f"\n* {method}: {says}" for method, says in METHODS.items()]
    spent = "".join(map(_spent, networks_of(rows, networks)))
    return text + "".join(lines) + "\n" + _SAYS + "\n## Seconds\n\n" + spent


def networks_of(rows: list[Row], networks: list[str]) -> list[list[Row]]:
    """Return the rows of each network."""
    return [[row for row in rows if row.network == name] for name in networks]


def _spent(rows: list[Row]) -> str:
    first = rows[0]
    table = max(row.table_seconds for row in rows)
    plans = [row.plan_seconds for row in rows if row.method == "search"]
    return (
        f"{first.network}, right on {100 * first.dense_right:.1f} % as it is, "
        f"{first.dense_ms:.3f} ms: {first.cells} cells of sensitivity, repaired and sliced, "
        f"{first.cell_seconds:.0f} s; a latency table of {first.table_files} small files"
        f"{f', {table:.0f} s' if table else ''}; each plan {min(plans):.1f} to "
        f"{max(plans):.1f} s. Another share measures nothing anew.\n\n"
    )


def main() -> int:
    """Measure what is missing, and write the page."""
    arguments = parse()
    images = cifar10(arguments.data)
    right = right_on(images, arguments.test_images)
    done = {row.point for row in read_rows(arguments.rows, Row)}
    for depth in arguments.depths:
        name, count = f"resnet{depth}", arguments.test_images
        asked = [
            (share, draw)
            for share in arguments.shares
            for draw in range(arguments.draws)
            if (name, share, draw, count) not in done
        ]
        about = known(depth, images, arguments) if asked else None
        for share, draw in asked:
            for row in measure(about, share, draw, unlabelled(images, draw), right, count):
                append_row(arguments.rows, row)
                print(row, flush=True)
    rows = read_rows(arguments.rows, Row)
    if rows:
        write_text(DOCS / "search.md", page(rows))
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of(__doc__, [20, 56], "search.jsonl")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.7, 0.5, 0.35])
    parser.add_argument("--runs", type=Path, default=cache_folder() / "search", help="of cells")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
