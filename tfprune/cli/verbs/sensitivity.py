"""`tfprune sensitivity`."""

from __future__ import annotations

import argparse
from typing import Any

from tfprune.cli.output import quiet, show
from tfprune.cli.words import BY_DATA, DATA, RANKINGS, add_import, add_output, check_apart

SUMMARY = "measure what a model loses when one layer alone loses units, repaired or not"
EXAMPLE = "tfprune sensitivity model.keras --data train.npz -o cells.json"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    verb.add_argument("--data", required=True, metavar="DATA", help=f"with labels: {DATA}")
    add_output(verb, "OUT.json", "the file to write, for `tfprune prune --sensitivity`")
    verb.add_argument(
        "--ratios",
        type=float,
        nargs="+",
        metavar="R",
        help="shares of a layer's units that go; default: 0.25 0.5 0.75 0.875",
    )
    verb.add_argument(
        "--repair",
        choices=("yes", "no", "both"),
        default="yes",
        help="whether the layers behind are refitted, without labels; default: yes",
    )
    verb.add_argument("--criterion", choices=RANKINGS + BY_DATA, default="l2", help="default: l2")
    verb.add_argument(
        "--by",
        choices=("loss", "disagreement"),
        default="loss",
        help="what widths are to be chosen by; default: loss",
    )
    verb.add_argument("--metrics", nargs="+", metavar="NAME", help="as in tfprune evaluate")
    verb.add_argument("--loss", metavar="NAME", help="as in tfprune evaluate")
    verb.add_argument(
        "--samples", type=int, default=512, metavar="N", help="to judge on; default: 512"
    )
    verb.add_argument(
        "--repair-samples", type=int, default=128, metavar="N", help="others; default: 128"
    )
    verb.add_argument("--round-to", type=int, default=1, metavar="N", help="widths are multiples")
    verb.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a layer, glob or class not to measure; may be repeated",
    )
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="of the samples; default: 0")
    verb.add_argument(
        "--folder", metavar="FOLDER", help="of finished cells, which are not measured again"
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Measure all cells."""
    check_apart(arguments.output, arguments.model, arguments.data)
    with quiet():
        from tfprune.keras_files import load_model
        from tfprune.search import sensitivity

        model = load_model(arguments.model, compiled=True)
    names = ("metrics", "loss", "ratios")
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name)}
    kinds: dict[str, Any] = {"yes": True, "no": False, "both": "both"}
    found = sensitivity(
        model,
        arguments.data,
        repair=kinds[arguments.repair],
        criterion=arguments.criterion,
        by=arguments.by,
        samples=arguments.samples,
        repair_samples=arguments.repair_samples,
        round_to=arguments.round_to,
        keep=arguments.keep,
        seed=arguments.seed,
        folder=arguments.folder,
        **given,
    )
    if arguments.output is not None:
        found.save(arguments.output)
    show(found, found.to_dict(), arguments.json, arguments.options)
    return True
