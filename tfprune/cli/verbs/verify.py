"""`tfprune verify`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, TARGETS, add_import, add_runtime

SUMMARY = "compare a .tflite file with its Keras model: zeros and outputs"
EXAMPLE = "tfprune verify model.keras model.tflite --samples 16"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="the Keras model, a .keras file")
    verb.add_argument("file", metavar="FILE", help="the .tflite file made of it")
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
    """Compare a file with its Keras model."""
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
