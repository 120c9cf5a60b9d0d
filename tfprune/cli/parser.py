"""The words of the command line. Importing this imports nothing heavy."""

from __future__ import annotations

import argparse

from tfprune._version import __version__
from tfprune.cli.speaking import options_of
from tfprune.cli.verbs import VERBS

_EXIT_CODES = (
    "exit codes: 0 it worked; 1 a check failed or something could not be done; 2 wrong usage; "
    "130 interrupted"
)


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `tfprune`.

    Its result has `verb`, `json`, the verb's arguments, and its `options` by Python's names.
    """
    parser = argparse.ArgumentParser(
        prog="tfprune",
        description="From a Keras 3 model to a smaller, faster, verified .tflite.",
        epilog=f"example: tfprune demo -o demo_output\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"tfprune {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    for name, module in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=module.SUMMARY,
            description=f"{module.SUMMARY[0].upper()}{module.SUMMARY[1:]}.",
            epilog=f"example: {module.EXAMPLE}\n\n{_EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        verb.add_argument("--json", action="store_true", help="print one JSON document")
        module.add_arguments(verb)
        verb.set_defaults(options=options_of(verb))
    return parser
