"""`tfprune advise`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import, add_output, check_apart, shape

SUMMARY = "say which techniques fit a model, why, and with which recipe to begin"
EXAMPLE = (
    "tfprune advise model.keras --bottleneck latency --target phone --data train/ "
    "--validation val/ -o recipe.yaml"
)
# The same as in tfprune.advising, which imports Keras; a test compares them.
BOTTLENECKS = ("latency", "size", "memory", "energy")
TARGETS = ("phone", "old-phone", "mcu", "gpu")


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    verb.add_argument(
        "--bottleneck", choices=BOTTLENECKS, default="latency", help="default: latency"
    )
    verb.add_argument(
        "--target", choices=TARGETS, default="phone", help="where it will run; default: phone"
    )
    verb.add_argument(
        "--max-drop", type=float, default=0.01, metavar="D", help="default: 0.01, one point"
    )
    verb.add_argument("--data", metavar="DATA", help=f"to train on, for the recipe: {DATA}")
    verb.add_argument("--validation", metavar="DATA", help="to judge by, for the recipe")
    add_output(verb, "RECIPE.yaml", "the recipe to write; without it advice is printed, no more")
    verb.add_argument(
        "--input-shape", type=shape, metavar="SHAPE", help="where the model leaves sizes open"
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Print the advice, and write its recipe if there is a place."""
    check_apart(arguments.output, arguments.model, arguments.data, arguments.validation)
    from rich.console import Group
    from rich.text import Text

    with quiet():
        from tfprune import files
        from tfprune.advising import advise

        advice = advise(
            arguments.model,
            bottleneck=arguments.bottleneck,
            target=arguments.target,
            max_drop=arguments.max_drop,
            data=arguments.data,
            validation=arguments.validation,
            imports=arguments.imports,
            input_shape=arguments.input_shape,
            recipe_path=arguments.output or "recipe.yaml",
        )
    written = "nothing was written: add -o recipe.yaml for the recipe"
    if arguments.output is not None:
        files.write_text(arguments.output, advice.yaml)
        written = f"wrote {arguments.output}"
    document = {**advice.to_dict(), "output": arguments.output}
    show(Group(advice.tables(), Text(written)), document, arguments.json, arguments.options)
    return True
