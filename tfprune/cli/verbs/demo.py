"""`tfprune demo`."""

from __future__ import annotations

import argparse
import dataclasses

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_output

SUMMARY = "train on real digits, prune, convert, verify, time, and report"
EXAMPLE = "tfprune demo -o demo_output"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    add_output(verb, "FOLDER", "where to write", default="demo_output")
    verb.add_argument("--epochs", type=int, metavar="N", help="epochs of the dense baseline")
    verb.add_argument("--pruning-epochs", type=int, metavar="N", help="epochs with masks")
    verb.add_argument("--sparsity", type=float, metavar="S", help="share of zeros, in [0, 1)")
    verb.add_argument("--digits", type=int, metavar="N", help="how many of the 5,000 digits")
    verb.add_argument("--width", type=float, metavar="W", help="multiplies all channels")
    verb.add_argument("--runs", type=int, metavar="N", help="timed inferences of each file")
    verb.add_argument("--seed", type=int, metavar="N", help="of split, weights and shuffling")
    verb.add_argument(
        "--quick", action="store_true", help="a tiny run that shows the road, not the accuracy"
    )


def run(arguments: argparse.Namespace) -> bool:
    """Drive the whole road on real digits."""
    with quiet():
        from tfprune.demo import DemoSettings, run_demo

    names = {field.name for field in dataclasses.fields(DemoSettings)}
    given = {k: v for k, v in vars(arguments).items() if k in names and v is not None}
    settings = DemoSettings.quick(**given) if arguments.quick else DemoSettings(**given)
    record = run_demo(arguments.output, settings)
    show(record, record.to_dict(), arguments.json, arguments.options)
    return True
