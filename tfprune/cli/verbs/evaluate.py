"""`tfprune evaluate`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import, add_runtime

SUMMARY = "measure how right a .tflite or .keras file is on labelled data"
EXAMPLE = "tfprune evaluate model.tflite --data test.npz --metrics accuracy"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .tflite, .keras or .h5 file")
    verb.add_argument("--data", required=True, metavar="DATA", help=f"with labels: {DATA}")
    verb.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="Keras' names, or my_module:function; default: those it was compiled with, else "
        "what suits the labels",
    )
    verb.add_argument("--loss", metavar="NAME", help="Keras' name")
    verb.add_argument(
        "--like",
        metavar="MODEL.keras",
        help="the Keras model a .tflite file was made of: its names, metrics and loss",
    )
    verb.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="default: 32, where data has none"
    )
    verb.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    add_runtime(verb)
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Measure how right a file is."""
    with quiet():
        from tfprune.evaluation import evaluate

    found = evaluate(
        arguments.model,
        arguments.data,
        arguments.metrics,
        loss=arguments.loss,
        batch_size=arguments.batch_size,
        like=arguments.like,
        threads=arguments.threads,
        runtime=arguments.runtime,
    )
    show(found, found.to_dict(), arguments.json, arguments.options)
    return True
