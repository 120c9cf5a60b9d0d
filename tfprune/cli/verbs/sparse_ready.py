"""`tfprune sparse-ready`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_import, add_output, check_apart

SUMMARY = "rewrite a Keras model, before training, so that it can run sparse on ARM"
EXAMPLE = "tfprune sparse-ready model.keras -o ready.keras"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_output(verb, "OUT.keras", "the file to write; without it the changes are printed, no more")
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Print what changes and what cannot, and save the model; false if it would not run sparse."""
    check_apart(arguments.output, arguments.model)
    with quiet():
        from rich.console import Group
        from rich.text import Text

        from tfprune.keras_files import load_model, save_model
        from tfprune.rewriting import plan_sparse_ready

        plan = plan_sparse_ready(load_model(arguments.model))
    if arguments.output is not None:
        save_model(plan.model, arguments.output)
    show(
        Group(Text(str(plan)), *_written(arguments.output)),
        {**plan.to_dict(), "output": arguments.output},
        arguments.json,
        arguments.options,
    )
    return not plan.notes


def _written(output: str | None) -> list[str]:
    if output is None:
        return ["nothing was written: this is what would change; add -o OUT.keras"]
    return [f"wrote {output}: train it now, then `tfprune convert {output} -o OUT.tflite`"]
