"""`tfprune compress`."""

from __future__ import annotations

import argparse
from typing import Any

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import
from tfprune.errors import PruneError, near

SUMMARY = "find the fastest file of a model that stays above a floor of accuracy"
EXAMPLE = (
    "tfprune compress model.keras --data train/ --validation val/ --budget latency=0.5 "
    "--max-drop 0.01 -o out"
)
# The same as in tfprune.recipes, which imports msgspec; a test compares them.
BUDGETS = (
    "params",
    "macs",
    "file_bytes",
    "gzip_bytes",
    "latency",
    "latency_ms",
    "instructions",
    "peak_memory",
)
_SETTINGS = {  # option → section and name in the recipe
    "criterion": ("prune", "criterion"),
    "steps": ("prune", "steps"),
    "trials": ("prune", "trials"),
    "round_to": ("prune", "round_to"),
    "keep": ("prune", "keep"),
    "samples": ("prune", "samples"),
    "epochs": ("fine_tune", "epochs"),
    "batch_size": ("fine_tune", "batch_size"),
    "learning_rate": ("fine_tune", "learning_rate"),
    "loss": ("fine_tune", "loss"),
    "metrics": ("fine_tune", "metrics"),
    "optimizer": ("fine_tune", "optimizer"),
    "precisions": ("quantize", "precisions"),
}


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_run(verb)
    verb.add_argument("--data", metavar="DATA", required=True, help=f"to train on: {DATA}")
    verb.add_argument("--validation", metavar="DATA", help="to judge by, never trained on")
    verb.add_argument(
        "--budget",
        action="append",
        default=[],
        type=_budget,
        metavar="NAME=SHARE",
        help=f"of the dense file; {', '.join(BUDGETS)}; may be repeated",
    )
    verb.add_argument("--metric", metavar="NAME", help="that decides; default: the model's first")
    verb.add_argument("--max-drop", type=float, metavar="D", help="default: 0.01, one point")
    verb.add_argument("--min-metric", type=float, metavar="M", help="the least it must reach")
    verb.add_argument(
        "--target",
        default="host",
        metavar="WHERE",
        help="host, arm64-emulated, android, android:SERIAL, or a saved phone.json; default: host",
    )
    _add_settings(verb.add_argument_group("settings; a recipe has all of them"))
    add_import(verb)


def add_run(verb: argparse.ArgumentParser) -> None:
    """Add the folder of the run, and `--dry-run`."""
    verb.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        default="compressed",
        help="of the run; the same command goes on there; default: compressed",
    )
    verb.add_argument("--dry-run", action="store_true", help="say what would happen, and how long")


def _add_settings(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--criterion", metavar="NAME", help="default: taylor")
    group.add_argument("--steps", type=int, metavar="N", help="to the budget; default: 2")
    group.add_argument("--trials", type=int, metavar="N", help="networks trained; default: 6")
    group.add_argument("--round-to", type=int, metavar="N", help="widths are multiples")
    group.add_argument("--keep", action="append", metavar="NAME", help="a layer to leave alone")
    group.add_argument("--samples", type=int, metavar="N", help="to judge by; default: 256")
    group.add_argument("--epochs", type=int, metavar="N", help="of each network; default: 2")
    group.add_argument("--batch-size", type=int, metavar="N", help="default: 32")
    group.add_argument("--learning-rate", type=float, metavar="R", help="default: the model's own")
    group.add_argument("--loss", metavar="NAME", help="default: the model's own")
    group.add_argument("--metrics", action="append", metavar="NAME", help="likewise")
    group.add_argument("--optimizer", metavar="NAME", help="likewise")
    group.add_argument(
        "--precisions", action="append", metavar="P", help="default: float32 and int8"
    )


def _budget(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if name not in BUDGETS:
        raise argparse.ArgumentTypeError(f"no budget {name!r}; there is {near(name, BUDGETS)}")
    try:
        return name, float(value)
    except ValueError:
        found = f"{text!r} has no number behind {equals or '='}"
        raise argparse.ArgumentTypeError(f"{found}, as in latency=0.5") from None


def run(arguments: argparse.Namespace) -> bool:
    """Compress, and print what was reached."""
    budget = dict(arguments.budget)
    if len(budget) < len(arguments.budget):
        twice = " ".join(f"--budget {name}={value:g}" for name, value in arguments.budget)
        raise PruneError(twice, "one budget has two values", "give each budget once")
    settings: dict[str, Any] = {
        "model": arguments.model,
        "data": arguments.data,
        "validation": arguments.validation,
        "imports": arguments.imports,
        "target": arguments.target,
        "budget": budget,
        "floor": {
            "metric": arguments.metric,
            "max_drop": arguments.max_drop,
            "min_metric": arguments.min_metric,
        },
    }
    for option, (section, name) in _SETTINGS.items():
        value = vars(arguments)[option]
        if value is not None:
            settings.setdefault(section, {})[name] = value
    with quiet():
        from tfprune.recipes import recipe_of
    return compress(recipe_of(settings, "compress"), arguments)


def compress(recipe: Any, arguments: argparse.Namespace) -> bool:
    """Run a recipe, or say what it would do."""
    if recipe.model is None or recipe.data is None:
        missing = "model" if recipe.model is None else "data"
        raise PruneError("run the recipe", f"it names no {missing}", f"add {missing}: to it")
    with quiet():
        from tfprune.compressing import compress, rehearse
    if arguments.dry_run:
        plan = rehearse(recipe=recipe)
        show(plan, plan.to_dict(), arguments.json, arguments.options)
        return True
    result = compress(None, recipe=recipe, out=arguments.output)
    show(result, result.to_dict(), arguments.json, arguments.options)
    return result.passed
