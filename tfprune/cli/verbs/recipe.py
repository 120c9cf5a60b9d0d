"""`tfprune recipe`."""

from __future__ import annotations

import argparse
import json

from tfprune.cli.output import show

SUMMARY = "print a recipe with every setting explained, or the JSON Schema of recipes"
EXAMPLE = "tfprune recipe model.keras > recipe.yaml"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", nargs="?", help="a .keras file, written into it")
    verb.add_argument("--schema", action="store_true", help="the JSON Schema, for editors")


def run(arguments: argparse.Namespace) -> bool:
    """Print it."""
    from tfprune.recipes import Recipe, json_schema, yaml_of

    if arguments.schema:
        show(json.dumps(json_schema(), indent=2), json_schema(), arguments.json)
        return True
    text = yaml_of(Recipe(model=arguments.model))
    show(text.rstrip("\n"), {"recipe": text}, arguments.json)
    return True
