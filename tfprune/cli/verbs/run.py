"""`tfprune run`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet
from tfprune.cli.verbs.compress import add_run, compress

SUMMARY = "compress a model as a recipe says"
EXAMPLE = "tfprune run recipe.yaml -o out"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("recipe", metavar="RECIPE.yaml", help="as `tfprune recipe` writes it")
    add_run(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Read the recipe and do it; paths in it are seen from the current folder."""
    with quiet():
        from tfprune.recipes import read_recipe

        recipe = read_recipe(arguments.recipe)
        from tfprune.keras_files import import_layers

        for path in recipe.imports:
            import_layers(path)
    return compress(recipe, arguments)
