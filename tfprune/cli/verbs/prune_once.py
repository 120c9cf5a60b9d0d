"""`tfprune prune-once`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import, add_output, check_apart

SUMMARY = "make weights of a Keras model zero at once, without training"
EXAMPLE = "tfprune prune-once model.keras --sparsity 0.8 --repair-on inputs.npy -o sparse.keras"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_output(verb, "OUT.keras", "the file to write; without it the rows are printed, no more")
    verb.add_argument(
        "--sparsity",
        type=float,
        metavar="S",
        help="the share of zeros in each kernel; default: 0.5, or what an N:M pattern says",
    )
    verb.add_argument(
        "--pattern",
        type=_pattern,
        metavar="P",
        help="1x2: pairs of output channels; 2:4: two zeros in every four input channels; "
        "default: weight by weight",
    )
    verb.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a layer, kernel, glob or class without zeros; may be repeated",
    )
    verb.add_argument(
        "--repair-on",
        metavar="DATA",
        help=f"inputs, without labels, to refit the weights that stay: {DATA}",
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Make the zeros, print what became of each kernel, and save if there is a place."""
    check_apart(arguments.output, arguments.model, arguments.repair_on)
    with quiet():
        from rich.console import Group
        from rich.text import Text

        from tfprune.keras_files import load_model, save_model
        from tfprune.one_shot import prune_at_once
        from tfprune.patterns import NM, Block

        kind, sizes = arguments.pattern or ("x", (1, 1))
        pruned = prune_at_once(
            load_model(arguments.model),
            arguments.sparsity,
            Block(sizes) if kind == "x" else NM(*sizes),
            repair_on=arguments.repair_on,
            rules=dict.fromkeys(arguments.keep),
        )
    if arguments.output is not None:
        save_model(pruned.model, arguments.output)
    show(
        Group(pruned.tables(), *map(Text, _written(arguments.output, arguments.repair_on))),
        {**pruned.to_dict(), "output": arguments.output},
        arguments.json,
        arguments.options,
    )
    return True


def _pattern(text: str) -> tuple[str, tuple[int, ...]]:
    """Read `1x2` or `2:4`."""
    for kind in ("x", ":"):
        sizes = text.split(kind)
        if len(sizes) == 2 and all(size.isdecimal() and int(size) for size in sizes):
            return kind, tuple(map(int, sizes))
    raise argparse.ArgumentTypeError(f"{text!r} is no pattern like 1x2 or 2:4")


def _written(output: str | None, data: str | None) -> list[str]:
    """Say what was written, and what it is worth."""
    lines = [
        "nothing was written: add -o OUT.keras"
        if output is None
        else f"wrote {output}: measure its accuracy, then `tfprune convert {output} -o OUT.tflite`"
    ]
    if data is None:
        lines.append("nothing makes good for the zeros: add --repair-on inputs.npy, no labels")
    return lines
