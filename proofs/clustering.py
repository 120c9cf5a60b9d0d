"""Masks, clusters and int8, alone and together: what a download costs, and how right it is.

    python -m proofs.clustering [--rows FILE.jsonl] [--seeds 3]

A small convolutional network on 5,000 digits of MNIST (`tfprune.demo`), about a CPU minute
for each seed. Prints the table of docs/clustering.md; finished rows are kept, and an interrupted
run goes on.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import tfprune
from proofs.packages import cache_folder
from proofs.rows import append_row, read_rows
from tfprune.clustering import cluster_weights, count_values, strip_clustering
from tfprune.demo.digits import Digits, load_digits

SPARSITY, CLUSTERS, BATCH = 0.8, 16, 64
WAYS = list(itertools.product((False, True), repeat=3))  # masks, clusters, int8


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file."""

    seed: int
    masks: bool
    clusters: bool
    int8: bool
    bytes: int
    gzip_bytes: int
    accuracy: float
    zeros: float
    values: int


def network() -> Any:
    """Two convolutions and two Dense layers, 106,000 weights."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )


def trained(model: Any, digits: Digits, epochs: int, rate: float, *callbacks: Any) -> Any:
    """Train a model, in place."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
    model.fit(
        digits.train_x[..., None],
        digits.train_y,
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        callbacks=list(callbacks),
    )
    return model


def masked(model: Any, digits: Digits) -> Any:
    """Prune to `SPARSITY` in three epochs."""
    steps = 3 * len(digits.train_x) // BATCH
    schedule = tfprune.PolynomialDecay(
        initial_sparsity=0, final_sparsity=SPARSITY, begin_step=0, end_step=steps // 2, frequency=8
    )
    wrapped = tfprune.prune_low_magnitude(model, schedule)
    callback = tfprune.UpdatePruningStep()
    return tfprune.strip_pruning(trained(wrapped, digits, 3, 1e-3, callback))


def measured(dense: Any, digits: Digits, seed: int, way: tuple[bool, bool, bool]) -> Row:
    """Go one way from the dense network to a file, and look into it."""
    masks, clusters, int8 = way
    model = masked(dense, digits) if masks else dense
    if clusters:
        model = trained(cluster_weights(model, CLUSTERS, preserve_sparsity=True), digits, 2, 1e-4)
    if int8:
        model = trained(tfprune.quantize_model(model), digits, 1, 1e-4)
    plain = strip_clustering(model)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.tflite"
        made = tfprune.convert(plain, path, quantize="int8" if int8 else None, sparse=False)
        right = tfprune.evaluate(path, (digits.test_x[..., None], digits.test_y), ["accuracy"])
        counts = [row for row in count_values(path) if np.prod(row.shape) > 256]
    size = sum(int(np.prod(row.shape)) for row in counts)
    return Row(
        seed=seed,
        masks=masks,
        clusters=clusters,
        int8=int8,
        bytes=made.bytes,
        gzip_bytes=made.gzip_bytes,
        accuracy=100 * float(right.metrics["accuracy"]),
        zeros=100 * sum(row.zeros for row in counts) / size,
        values=max(row.most_in_a_channel for row in counts),
    )


def table(rows: list[Row]) -> str:
    """Return the table of the page: means over the seeds."""
    lines = ["| masks | clusters | int8 | file | gzip | right | zeros | values at most |"]
    lines.append("|---|---|---|--:|--:|--:|--:|--:|")
    for way in WAYS:
        own = [row for row in rows if (row.masks, row.clusters, row.int8) == way]
        if not own:
            continue
        marks = " | ".join("yes" if one else "" for one in way)
        file, packed = (np.mean([getattr(r, n) for r in own]) for n in ("bytes", "gzip_bytes"))
        right = [row.accuracy for row in own]
        spread = f" ± {np.std(right):.1f}" if len(right) > 1 else ""
        shown = f"{np.mean(right):.1f}{spread} %"
        zeros, values = np.mean([row.zeros for row in own]), max(row.values for row in own)
        sizes = f"{file:,.0f} | {packed:,.0f}"
        lines.append(f"| {marks} | {sizes} | {shown} | {zeros:.0f} % | {values:,} |")
    return "\n".join(lines)


def main() -> int:
    """Measure what is not known yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=Path, help="finished rows, to go on with")
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    arguments = parser.parse_args()
    path = arguments.rows or cache_folder() / "clustering.jsonl"
    rows, digits = read_rows(path, Row), load_digits()
    for seed in range(arguments.seeds):
        known = {(row.masks, row.clusters, row.int8) for row in rows if row.seed == seed}
        missing = [way for way in WAYS if way not in known]
        if missing:
            keras.utils.set_random_seed(seed)
            dense = trained(network(), digits, 8, 1e-3)
        for way in missing:
            keras.utils.set_random_seed(seed)
            rows.append(measured(dense, digits, seed, way))
            append_row(path, rows[-1])
            print(rows[-1], flush=True)
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
