"""The techniques side by side, and iterative, dynamic and one-shot pruning: one task, equal epochs.

    python -m proofs.side_by_side [--depths 20] [--parts techniques structured masks] [--seeds 1]
                                  [--images 2560] [--epochs 3] [--test-images 10000] [--rows FILE]
    python -m proofs.side_by_side --times

A pretrained ResNet on CIFAR-10 goes each way (`proofs/side_by_side_ways.py`) with the same training
images, epochs, batches and learning rate, becomes a .tflite, and that file is judged on the test
images. Each finished row is appended to a file, so that an interrupted run goes on where it was.
With --times the files of the techniques are timed in turns, on one thread, and their rows
written anew. Writes docs/side_by_side.md and its picture. Where the weights are looked for:
python -m proofs.resnets --help.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import tfprune
from proofs.counting import count_macs, share_of_zeros
from proofs.data import Images
from proofs.packages import cache_folder
from proofs.rows import read_rows, to_line
from proofs.side_by_side_page import Row, TimeRow, budgets, page
from proofs.side_by_side_picture import PICTURE, draw
from proofs.side_by_side_task import RATE, Task, Way, seeded
from proofs.side_by_side_ways import PARTS, TECHNIQUES
from proofs.training import compile_for, normalise
from proofs.untrained import DOCS, go_on, parser_of, unlabelled
from tfprune.files import write_text

RUNS, ROUNDS = 1_000, 20


def file_of(row: Row) -> Path:
    """Return where the file of a row is kept."""
    name = "-".join(str(part).replace(":", "").replace(" ", "_") for part in row.key)
    return cache_folder() / "side_by_side" / f"{name}.tflite"


def measure(dense: keras.Model, images: Images, asked: Row) -> Row:
    """Go one way and return the row with what was measured of its file."""
    compile_for(dense, RATE)
    task = Task(
        dense=dense,
        x=normalise(images.train_x[: asked.images]),
        y=images.train_y[: asked.images],
        unlabelled=unlabelled(images, asked.seed),
        epochs=asked.epochs,
        seed=asked.seed,
    )
    way = PARTS[asked.part][asked.way]
    started = time.process_time()
    model = seeded(task, way)
    seconds = time.process_time() - started
    filled = replace(
        asked,
        macs=count_macs(model) or count_macs(dense),  # layers in int8 training are wrapped
        zeros=share_of_zeros(model),
        seconds=round(seconds, 1),
    )
    return judged(filled, model, way, task, images)


def judged(row: Row, model: keras.Model, way: Way, task: Task, images: Images) -> Row:
    """Return the row with the size of the model's file, and how right it is by class."""
    path = file_of(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    given = task.unlabelled if way.quantize else None
    made = tfprune.convert(model, path, way.quantize, given)
    test = normalise(images.test_x[: row.tested]), images.test_y[: row.tested]
    found = tfprune.evaluate(path, test, ["accuracy"])
    return replace(
        row,
        bytes=made.bytes,
        gzip_bytes=made.gzip_bytes,
        accuracy=float(found["accuracy"]),
        classes=[each.accuracy or 0.0 for each in found.per_class],
    )


def timed(rows: list[Row]) -> Iterator[TimeRow]:
    """Time the files of the techniques beside the dense one's, those of one budget in turns."""
    for budget in budgets(rows):
        own = {
            row.way: str(file_of(row))
            for row in reversed(rows)  # of several seeds the first one's
            if (row.budget, row.part) == (budget, "techniques") and file_of(row).is_file()
        }
        files = {way: own[way] for way in TECHNIQUES if way in own}
        if len(files) < 2:
            continue
        result = tfprune.benchmark(files, threads=1, runs=RUNS, rounds=ROUNDS)
        print(result, flush=True)
        for row in result.rows:
            yield TimeRow(
                network=budget[0],
                images=budget[1],
                epochs=budget[2],
                way=row.label,
                median_ms=row.median_ms,
                ratio=row.ratio,
                ratio_low=row.ratio_low,
                ratio_high=row.ratio_high,
                ratio_of_minima=row.ratio_of_minima,
                load=result.host["load_average_after"],
            )


def main() -> int:
    """Measure what is missing, and write the page and its picture."""
    arguments = parse()
    times = arguments.rows.with_name(f"{arguments.rows.stem}_times.jsonl")
    if arguments.times:
        if done := list(timed(read_rows(arguments.rows, Row))):
            write_text(times, "".join(to_line(row) + "\n" for row in done))
    else:
        go_on(arguments, Row, lambda dense: asked_of(dense, arguments), measure)
    rows = read_rows(arguments.rows, Row)
    write_text(DOCS / "side_by_side.md", page(rows, read_rows(times, TimeRow)))
    write_text(PICTURE, draw(rows))
    return 0


def asked_of(dense: keras.Model, arguments: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows to fill, all ways of a seed before the next."""
    for seed in range(arguments.seeds):
        for part in arguments.parts:
            for way in PARTS[part]:
                if arguments.ways is None or way in arguments.ways:
                    yield Row(
                        network=dense.name,
                        part=part,
                        way=way,
                        seed=seed,
                        images=arguments.images,
                        epochs=arguments.epochs,
                        tested=arguments.test_images,
                    )


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = parser_of(__doc__, [20], "side_by_side.jsonl", repeats="--seeds")
    parser.set_defaults(test_images=10_000)
    add = parser.add_argument
    add("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    add("--ways", nargs="+", help="only these")
    add("--images", type=int, default=2_560, help="to train on (2560)")
    add("--epochs", type=int, default=3, help="of each way in all (3)")
    add("--times", action="store_true", help="time the files instead")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
