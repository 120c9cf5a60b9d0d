"""`tfprune sweep`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_output
from tfprune.errors import MissingExtra, PruneError

SUMMARY = "compress a model by a recipe with several values of its settings, one row each"
EXAMPLE = "tfprune sweep recipe.yaml --over budget.latency=0.5,0.4 --over seed=0,1 -o sweep"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("recipe", metavar="RECIPE.yaml", help="as `tfprune recipe` writes it")
    verb.add_argument(
        "--over",
        action="append",
        required=True,
        type=_values,
        metavar="NAME=A,B",
        help="a setting of the recipe and the values to try; may be repeated for all combinations",
    )
    add_output(verb, "FOLDER", "of results; the same command goes on there", default="sweep")
    verb.add_argument("--jobs", type=int, metavar="N", help="trials at a time; default: 1")
    verb.add_argument(
        "--tries", type=int, default=3, metavar="N", help="of a trial that is cut off; default: 3"
    )
    verb.add_argument(
        "--dask", metavar="ADDRESS", help="run on a Dask cluster: the address of its scheduler"
    )


def _values(text: str) -> tuple[str, list[Any]]:
    """Read `budget.latency=0.5,0.4`, or `NAME=[JSON, JSON]` where a value is a list itself."""
    name, equals, values = text.partition("=")
    if not equals or not name or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=A,B, as in seed=0,1")
    try:
        found = json.loads(values)
    except ValueError:
        return name, [_value(one) for one in values.split(",")]
    return name, found if isinstance(found, list) else [found]


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def run(arguments: argparse.Namespace) -> bool:
    """Run the trials and print a row for each; false if one of them failed."""
    names = [name for name, _ in arguments.over]
    if len(set(names)) < len(names):
        raise PruneError(
            f"--over {' --over '.join(names)}",
            "a setting is named twice",
            "name all its values once",
        )
    with quiet():
        from tfprune.sweeping import sweep
    with _cluster(arguments.dask):
        result = sweep(
            arguments.recipe,
            dict(arguments.over),
            out=arguments.output,
            jobs=arguments.jobs,
            tries=arguments.tries,
        )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return result.passed


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Let joblib use a Dask cluster, if one is named."""
    if address is None:
        yield
        return
    try:
        import joblib
        from distributed import Client
    except ImportError as error:
        raise MissingExtra.named(f"--dask {address}", "distributed", "dask") from error
    try:
        client = Client(address, timeout=30)
    except (OSError, ValueError) as error:
        fix = "start one: `dask scheduler`, and `dask worker ADDRESS` on each machine"
        raise PruneError(f"--dask {address}", f"no scheduler answers: {error}", fix) from error
    with client, joblib.parallel_config(backend="dask"):
        yield
