"""`tfprune verify`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, TARGETS, add_import, add_runtime
from tfprune.errors import PruneError

SUMMARY = "compare a .tflite file with its Keras model, or with its golden sample"
EXAMPLE = "tfprune verify model.keras model.tflite --samples 16"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument(
        "model", metavar="MODEL", help="the Keras model, a .keras file; with --golden the file"
    )
    verb.add_argument("file", nargs="?", metavar="FILE", help="the .tflite file made of it")
    verb.add_argument(
        "--golden",
        metavar="JSON",
        help="check the outputs of a .tflite file by its golden sample: tfprune golden-sample",
    )
    verb.add_argument("--inputs", metavar="DATA", help=f"{DATA}; default: random")
    verb.add_argument("--samples", type=int, default=8, metavar="N", help="default: 8")
    verb.add_argument("--tolerance", type=float, metavar="T", help="default: by number format")
    verb.add_argument(
        "--target",
        choices=TARGETS,
        default="host",
        help="where the file runs; arm64 and x86-noavx are emulated and need "
        "`tfprune setup-arm64`; default: host",
    )
    add_runtime(verb)
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Compare a file with its Keras model, or with its golden sample."""
    if arguments.golden is not None:
        return _golden(arguments)
    if arguments.file is None:
        asked, found = f"verify {arguments.model}", "the .tflite file is missing"
        raise PruneError(asked, found, "tfprune verify model.keras model.tflite")
    with quiet():
        from tfprune.verification import verify

    result = verify(
        arguments.model,
        arguments.file,
        arguments.inputs,
        samples=arguments.samples,
        tolerance=arguments.tolerance,
        runtime=arguments.runtime,
        target=arguments.target,
        raise_on_failure=False,
    )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return result.passed


def _golden(arguments: argparse.Namespace) -> bool:
    for name, default in (("inputs", None), ("samples", 8), ("tolerance", None), ("file", None)):
        if getattr(arguments, name) != default:
            asked = f"--golden {arguments.golden} with {'FILE' if name == 'file' else '--' + name}"
            found = "a golden sample is of one .tflite file, and brings its inputs and tolerance"
            raise PruneError(asked, found, "tfprune verify model.tflite --golden model.golden.json")
    with quiet():
        from tfprune.verification import check_golden

    result = check_golden(
        arguments.golden,
        arguments.model,
        runtime=arguments.runtime,
        target=arguments.target,
        raise_on_failure=False,
    )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return result.passed
