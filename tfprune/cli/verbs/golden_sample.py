"""`tfprune golden-sample`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_output, check_apart

SUMMARY = "write a handful of inputs and the outputs a .tflite file must give: a check for an app"
EXAMPLE = "tfprune golden-sample model.tflite --data test.npz -o model.golden.json"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("file", metavar="FILE", help="the .tflite file")
    add_output(verb, "OUT.json", "what to write, an .npz beside it; default: FILE.golden.json")
    verb.add_argument("--data", metavar="DATA", help=f"inputs: {DATA}; default: random")
    verb.add_argument("--samples", type=int, default=4, metavar="N", help="default: 4")


def run(arguments: argparse.Namespace) -> bool:
    """Write a golden sample."""
    with quiet():
        from tfprune.verification import golden_sample

    check_apart(arguments.output, arguments.file, arguments.data)
    made = golden_sample(
        arguments.file, arguments.data, arguments.output, samples=arguments.samples
    )
    show(made, made.to_dict(), arguments.json, arguments.options)
    return True
