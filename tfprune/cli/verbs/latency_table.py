"""`tfprune latency-table`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_import, add_output, check_apart

SUMMARY = "measure what each layer of a model takes on a target, at several widths"
EXAMPLE = "tfprune latency-table model.keras --target android -o latencies.json"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_output(verb, "OUT.json", "the file to write, for `tfprune prune --latency`")
    verb.add_argument(
        "--target",
        default="host",
        metavar="TARGET",
        help="host, android or android:SERIAL, or arm64-emulated (instructions); default: host",
    )
    verb.add_argument(
        "--precision",
        choices=("float32", "float16", "dynamic", "int8"),
        default="float32",
        help="of the files; default: float32",
    )
    verb.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    verb.add_argument("--round-to", type=int, default=8, metavar="N", help="default: 8")
    verb.add_argument(
        "--widths", type=int, default=5, metavar="N", help="of each side of a layer; default: 5"
    )
    verb.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a layer, glob or class that stays whole; may be repeated",
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Measure the table."""
    check_apart(arguments.output, arguments.model)
    with quiet():
        from tfprune.keras_files import load_model
        from tfprune.search import latency_table

        model = load_model(arguments.model)
    names = ("target", "precision", "threads", "round_to", "widths", "keep")
    found = latency_table(model, **{name: getattr(arguments, name) for name in names})
    if arguments.output is not None:
        found.save(arguments.output)
    show(found, found.to_dict(), arguments.json, arguments.options)
    return True
