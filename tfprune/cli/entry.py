"""Parse, call one verb, print."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from tfprune.cli.last_resort import Ended, ends_in_order, forget_output, in_words, sound_streams
from tfprune.cli.output import quiet, show_error
from tfprune.cli.parser import build_parser
from tfprune.cli.verbs import VERBS
from tfprune.errors import PruneError

OK, FAILED, USAGE, INTERRUPTED, SIGNALLED = 0, 1, 2, 130, 128


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        argv: The words after `tfprune`; those of the process if None.

    Example:
        >>> main(["--version"])                                      # doctest: +ELLIPSIS
        tfprune ...
        0
    """
    sound_streams()
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as stop:  # --help, --version, or a misspelled command
        return int(stop.code or OK)
    if arguments.verb is None:
        parser.print_help()
        return OK
    return _call(arguments)


def _call(arguments: argparse.Namespace) -> int:
    _calm_tensorflow()
    try:
        with ends_in_order():
            _import_layers(vars(arguments).get("imports", []))
            passed = VERBS[arguments.verb].run(arguments)
            sys.stdout.flush()
        return OK if passed else FAILED
    except PruneError as error:
        show_error(error, arguments.json, arguments.options)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted; files already written are whole", file=sys.stderr)
        return INTERRUPTED
    except Ended as end:
        print(f"ended by {end}; files already written are whole", file=sys.stderr)
        return SIGNALLED + end.number
    except BrokenPipeError:  # the reader, `head` for one, has seen enough
        forget_output()
        return OK
    except Exception as error:
        told = in_words(error, arguments.verb)
        if told is None:
            raise
        try:
            show_error(told, arguments.json, arguments.options)
            sys.stdout.flush()
        except OSError:  # standard output itself is full
            forget_output()
        return FAILED


def _import_layers(paths: Sequence[str]) -> None:
    if paths:
        with quiet():
            from tfprune.keras_files import import_layers
        for path in paths:
            import_layers(path)


def _calm_tensorflow() -> None:
    """Keep TensorFlow's log off the terminal; it reads this when it is imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
