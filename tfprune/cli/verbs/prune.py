"""`tfprune prune`."""

from __future__ import annotations

import argparse
from typing import Any

from tfprune.cli.judged import lost
from tfprune.cli.output import quiet, show
from tfprune.cli.words import BY_DATA, DATA, RANKINGS, add_import, add_output, check_apart, shape
from tfprune.errors import PruneError

SUMMARY = "remove channels, neurons and attention heads of a Keras model"
EXAMPLE = "tfprune prune model.keras --ratio 0.4 --criterion l2 -o small.keras"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file")
    add_output(verb, "OUT.keras", "the file to write; without it the plan is printed, no more")
    verb.add_argument(
        "--ratio",
        type=_share,
        action="append",
        metavar="R",
        help="share to remove, default: 0.5; or NAME=R for a layer, glob or class, may be repeated",
    )
    verb.add_argument(
        "--target",
        choices=("units", "params", "macs", "latency"),
        default="units",
        help="what the ratio is a share of; default: units",
    )
    verb.add_argument(
        "--latency", metavar="JSON", help="what `tfprune latency-table` wrote, for --target latency"
    )
    verb.add_argument(
        "--sensitivity",
        metavar="JSON",
        help="what `tfprune sensitivity` wrote: widths for which the losses add up to least",
    )
    verb.add_argument(
        "--criterion",
        choices=RANKINGS + BY_DATA,
        help="what a unit is worth; the last four judge by data; default: l2, or that of "
        "--sensitivity",
    )
    verb.add_argument(
        "--score-on",
        metavar="DATA",
        help="inputs to judge units by, with labels for taylor and fisher; default: the data of "
        "--repair-on",
    )
    verb.add_argument(
        "--scope",
        choices=("local", "global", "isomorphic"),
        default="local",
        help="the same share everywhere, or the lowest-ranked of all; default: local",
    )
    verb.add_argument("--round-to", type=int, default=1, metavar="N", help="widths are multiples")
    verb.add_argument("--min-width", type=int, default=1, metavar="N", help="default: 1")
    verb.add_argument("--max-ratio", type=float, metavar="R", help="of one group; default: 0.9")
    verb.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="NAME",
        help="a layer, glob or class to leave alone; may be repeated",
    )
    _add_data(verb)
    verb.add_argument(
        "--input-shape", type=shape, metavar="SHAPE", help="where the model leaves sizes open"
    )
    add_import(verb)


def _add_data(verb: argparse.ArgumentParser) -> None:
    """Add what is done to the smaller model with data, and how it is made."""
    verb.add_argument(
        "--recalibrate", metavar="DATA", help=f"inputs for BatchNorm statistics: {DATA}"
    )
    verb.add_argument(
        "--repair-on",
        metavar="DATA",
        help=f"inputs, without labels, to refit the kernels that stay: {DATA}",
    )
    verb.add_argument(
        "--merge",
        action="store_true",
        help="make one unit of similar ones, instead of dropping those that matter least",
    )
    verb.add_argument(
        "--evaluate",
        metavar="DATA",
        help="inputs with labels: what the model and the smaller one are right on; default: the "
        "data of --repair-on or --recalibrate, if it has labels",
    )


def _share(text: str) -> tuple[str | None, float]:
    """Read `0.4`, or `block_*=0.4` as a ratio of these layers' own."""
    name, named, ratio = text.rpartition("=")
    return (name if named else None), float(ratio)


def _ratio(shares: list[tuple[str | None, float]]) -> float | dict[str, float]:
    """Return the ratio of all, or the ratios by name.

    Raises:
        PruneError: several ratios are given for the same layers.
    """
    names = [name for name, _ in shares]
    if names == [None]:
        return shares[0][1]
    if None in names or len(set(names)) < len(names):
        raise PruneError(
            " ".join(f"--ratio {f'{name}=' if name else ''}{ratio:g}" for name, ratio in shares),
            "each --ratio is for layers of its own",
            "name each once; '*=0.3' means all that no other fits",
        )
    return {str(name): ratio for name, ratio in shares}


def run(arguments: argparse.Namespace) -> bool:
    """Plan, and if there is a place to write to, apply and save."""
    for option in ("repair_on", "recalibrate", "evaluate"):
        data = vars(arguments)[option]
        if data is not None and arguments.output is None:
            raise PruneError(
                f"--{option.replace('_', '-')} {data}",
                "without -o OUT.keras nothing is made that could be repaired or judged",
                "add -o OUT.keras",
            )
    check_apart(
        arguments.output,
        arguments.model,
        arguments.recalibrate,
        arguments.repair_on,
        arguments.evaluate,
        arguments.score_on,
        arguments.latency,
        arguments.sensitivity,
    )
    criterion, scored_on = arguments.criterion, _scored_on(arguments)
    from rich.console import Group
    from rich.text import Text

    with quiet():
        from tfprune.criteria import as_criterion
        from tfprune.curves import LatencyTable, Sensitivity
        from tfprune.keras_files import load_model, save_model
        from tfprune.repairing import recalibrate
        from tfprune.surgery import plan_structured

        model = load_model(arguments.model)
        plan = plan_structured(
            model,
            _ratio(arguments.ratio or [(None, 0.5)]),
            criterion if scored_on is None else as_criterion(criterion, scored_on),
            scope=arguments.scope,
            target=arguments.target,
            round_to=arguments.round_to,
            min_width=arguments.min_width,
            max_ratio=arguments.max_ratio,
            keep=arguments.keep,
            input_shape=arguments.input_shape,
            latency=_read(LatencyTable, arguments.latency),
            sensitivity=_read(Sensitivity, arguments.sensitivity),
        )
    document: dict[str, Any] = {"plan": plan.to_dict(), "output": arguments.output}
    lines: list[str] = []
    if arguments.output is not None:
        small = plan.apply(repair_on=arguments.repair_on, merge=arguments.merge)
        if arguments.recalibrate is not None:
            small = recalibrate(small, arguments.recalibrate)
        save_model(small, arguments.output)
        used = arguments.repair_on or arguments.recalibrate
        document["lost"], lines = lost(model, small, arguments.evaluate, used)
    lines += _written(arguments.output, arguments.recalibrate or arguments.repair_on)
    show(Group(plan.tables(), *map(Text, lines)), document, arguments.json, arguments.options)
    return True


def _scored_on(arguments: argparse.Namespace) -> str | None:
    """Return the data that units are judged by, None where the weights alone judge.

    Raises:
        PruneError: the criterion needs data and none is given, or does not look at any.
    """
    asked = f"--criterion {arguments.criterion or 'l2'}"
    if arguments.criterion in (None, *RANKINGS):
        if arguments.score_on is not None:
            asked += f" --score-on {arguments.score_on}"
            fix = f"leave --score-on away, or use --criterion {' or '.join(BY_DATA)}"
            raise PruneError(asked, "this criterion looks at weights alone", fix)
        return None
    data: str | None = arguments.score_on or arguments.repair_on
    if data is None:
        raise PruneError(asked, "it judges by data", "add --score-on DATA, or --repair-on DATA")
    return data


def _read(kind: Any, path: str | None) -> Any:
    return None if path is None else kind.read(path)


def _written(output: str | None, data: str | None) -> list[str]:
    """Say what was written, and that a smaller model must learn again."""
    if output is None:
        return ["nothing was written: this is the plan; add -o OUT.keras to apply it"]
    lines = [
        f"wrote {output}",
        "its accuracy must be regained: compile it, train it on (model.fit) at a low learning "
        f"rate, measure it, then `tfprune convert {output} -o OUT.tflite`",
    ]
    if data is None:
        lines.append("if it is not trained: --repair-on inputs.npy first, labels are not needed")
    return lines
