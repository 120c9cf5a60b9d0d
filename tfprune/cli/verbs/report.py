"""`tfprune report`."""

from __future__ import annotations

import argparse
from pathlib import Path

from tfprune.cli.output import show
from tfprune.cli.words import add_output, check_apart

SUMMARY = "make report.html again from report.json"
EXAMPLE = "tfprune report demo_output -o report.html"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("source", metavar="FOLDER", help="a folder with report.json, or that file")
    add_output(verb, "OUT.html", "the page to write; default: report.html beside it")


def run(arguments: argparse.Namespace) -> bool:
    """Make report.html again."""
    from tfprune.reports import report

    source = Path(arguments.source)
    check_apart(arguments.output, str(source / "report.json" if source.is_dir() else source))
    path = report(arguments.source, arguments.output)
    show(f"wrote {path}", {"report": str(path)}, arguments.json, arguments.options)
    return True
