"""compress: networks taken to half their measured latency within one point of accuracy.

    python -m proofs.compress [--networks digits resnet20 mobilenetv2 sentiment] [--out FOLDER]
                              [--latency 0.5] [--max-drop 0.01] [--rows FILE]

Each run stays in a folder, so that an interrupted one goes on where it was. A file is chosen by one
part of the held-out data and scored on the other, which nobody has looked at before. Writes the
table of docs/compress.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs.compress_networks import NETWORKS, TITLES, Task
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from tfprune.files import write_text

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- proofs.compress -->", "<!-- end -->"


@dataclass(frozen=True)
class Row:
    """One compressed network; costs are shares of the dense float32 file."""

    network: str
    budget: float
    max_drop: float
    reached: bool
    chosen: str
    metric: str
    dense: float
    found: float
    dense_unseen: float
    found_unseen: float
    latency: float
    file_bytes: float
    gzip_bytes: float
    macs: float
    trained: int
    epochs: int
    cpu_seconds: float


def measure(task: Task, out: Path, latency: float, max_drop: float) -> Row:
    """Compress one network, and score what came out on data nobody has looked at."""
    start = time.process_time()
    result = tfprune.compress(
        task.model,
        task.train,
        task.validation,
        budget={"latency": latency},
        max_drop=max_drop,
        out=out,
        recipe=task.recipe,
    )
    seconds = time.process_time() - start
    print(result, file=sys.stderr)
    metric, best = result.floor.metric, result.best
    unseen = tfprune.evaluate(best.path, task.unseen, [metric], like=best.keras_path)[metric]
    dense = tfprune.evaluate(task.model, task.unseen, [metric])[metric]
    epochs = sum(len(own) - 1 for net in result.history for own in net[metric].values())
    usage = best.usage
    return Row(
        network=task.name,
        budget=latency,
        max_drop=max_drop,
        reached=result.passed,
        chosen=best.name,
        metric=metric,
        dense=result.floor.dense,
        found=best.metrics[metric],
        dense_unseen=dense,
        found_unseen=unseen,
        latency=usage["latency"],
        file_bytes=usage["file_bytes"],
        gzip_bytes=usage["gzip_bytes"],
        macs=usage.get("macs", float("nan")),
        trained=len(result.history),
        epochs=epochs,
        cpu_seconds=seconds,
    )


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| network | asked | chosen | faster | smaller file | smaller download | MACs | "
        "metric: dense → chosen | on unseen data | networks trained (epochs) |",
        "|---|---|---|---:|---:|---:|---:|---|---|---:|",
    ]
    for row in rows:
        asked = f"latency {row.budget:g}, -{100 * row.max_drop:g} points"
        chosen = row.chosen if row.reached else f"{row.chosen} (best effort: not reached)"
        cells = [
            row.network,
            asked,
            chosen,
            f"{1 / row.latency:.2f}x",
            f"{1 / row.file_bytes:.2f}x",
            f"{1 / row.gzip_bytes:.2f}x",
            f"{1 / row.macs:.2f}x fewer",
            f"{row.metric} {100 * row.dense:.1f} → {100 * row.found:.1f}",
            f"{100 * row.dense_unseen:.1f} → {100 * row.found_unseen:.1f}",
            f"{row.trained} ({row.epochs})",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write_page(rows: list[Row]) -> None:
    """Put the table between its marks in docs/compress.md."""
    page = DOCS / "compress.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    write_text(page, f"{before}{BEGIN}\n{table(rows)}\n{END}{after}")


def main() -> None:
    """Run the networks asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--max-drop", type=float, default=0.01)
    parser.add_argument("--out", type=Path, default=cache_folder() / "compress")
    parser.add_argument("--rows", type=Path, default=DOCS / "measured" / "compress.jsonl")
    arguments = parser.parse_args()
    rows = read_rows(arguments.rows, Row)
    for name in arguments.networks:
        asked = (TITLES[name], arguments.latency, arguments.max_drop)
        if asked not in [(row.network, row.budget, row.max_drop) for row in rows]:
            keras.utils.set_random_seed(0)
            make: Callable[[], Any] = NETWORKS[name]
            out = arguments.out / name
            out.mkdir(parents=True, exist_ok=True)
            rows.append(measure(make(), out, arguments.latency, arguments.max_drop))
            append_row(arguments.rows, rows[-1])
        write_page(rows)
    print(table(rows))


if __name__ == "__main__":
    np.seterr(all="ignore")
    main()
