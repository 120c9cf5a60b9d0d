"""`tfprune report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import, add_output, check_apart

SUMMARY = "measure models side by side and write report.html, or make it again from report.json"
EXAMPLE = "tfprune report dense.keras pruned.tflite --data test.npz -o report.html"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument(
        "source",
        nargs="+",
        metavar="MODEL",
        help=".tflite, .keras or .h5 files, the first is what the others are compared with; or one "
        "folder with report.json, or that file",
    )
    add_output(verb, "OUT.html", "the page to write; default: report.html, beside what is read")
    verb.add_argument("--data", metavar="DATA", help=f"with labels: {DATA}")
    verb.add_argument("--metrics", nargs="+", metavar="NAME", help="as in tfprune evaluate")
    verb.add_argument("--loss", metavar="NAME", help="as in tfprune evaluate")
    verb.add_argument(
        "--phone", metavar="JSON", help="times of a phone: benchmark --android --save-profile"
    )
    verb.add_argument(
        "--instructions",
        action="store_true",
        default=None,
        help="count instructions on emulated ARM64; it needs `tfprune setup-arm64`",
    )
    verb.add_argument(
        "--sensitivity", metavar="JSON", help="what `tfprune sensitivity` wrote, for a picture"
    )
    verb.add_argument("--title", metavar="TEXT", help="the headline")
    verb.add_argument("--runs", type=int, metavar="N", help="timed runs of each file; default: 50")
    verb.add_argument("--threads", type=int, metavar="N", help="default: 1")
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Write report.html."""
    with quiet():
        from tfprune.comparing import report
        from tfprune.curves import Sensitivity

    sources = arguments.source
    read = [str(Path(s) / "report.json" if Path(s).is_dir() else s) for s in sources]
    check_apart(arguments.output, *read, arguments.data, arguments.phone, arguments.sensitivity)
    names = ("data", "metrics", "loss", "title", "runs", "threads", "phone", "instructions")
    given = {name: getattr(arguments, name) for name in names}
    settings = {name: value for name, value in given.items() if value is not None}
    if arguments.sensitivity is not None:
        settings["sensitivity"] = Sensitivity.read(arguments.sensitivity)
    models = len(sources) > 1 or Path(sources[0]).suffix in (".tflite", ".keras", ".h5")
    path = report(sources if models else sources[0], arguments.output, **settings)
    show(f"wrote {path}", {"report": str(path)}, arguments.json, arguments.options)
    return True
