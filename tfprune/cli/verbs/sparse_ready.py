"""`tfprune sparse-ready`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_output

SUMMARY = "rewrite a Keras model, before training, so that it can run sparse on ARM"
EXAMPLE = "tfprune sparse-ready model.keras -o ready.keras"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_output(verb, "OUT.keras", "the file to write; without it the changes are printed, no more")


def run(arguments: argparse.Namespace) -> bool:
    """Print what changes and what cannot, and save the model; false if it would not run sparse."""
    with quiet():
        from rich.text import Text

        from tfprune.keras_files import load_model, save_model
        from tfprune.rewriting import plan_sparse_ready

        plan = plan_sparse_ready(load_model(arguments.model))
    if arguments.output is not None:
        save_model(plan.model, arguments.output)
    show(Text(str(plan)), {**plan.to_dict(), "output": arguments.output}, arguments.json)
    return not plan.notes
