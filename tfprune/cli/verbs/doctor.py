"""`tfprune doctor`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tfprune.cli.output import quiet, show

if TYPE_CHECKING:
    from tfprune.diagnosis import Diagnosis

SUMMARY = "say which kernels will run a model on each CPU, and whether they compute rightly"
EXAMPLE = "tfprune doctor model.tflite"
# The same as in tfprune.diagnosis, which imports NumPy; a test compares them.
TARGETS = ("android-arm64", "android-arm64-nodot", "x86", "x86-noavx")


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument(
        "file", metavar="FILE", help="a .tflite file, or a .keras file as it would be converted"
    )
    verb.add_argument(
        "--target",
        choices=TARGETS,
        help="one of them only; nodot: without dot product, like Cortex-A53",
    )
    verb.add_argument("--ops", action="store_true", help="list every op with its kernel")


def run(arguments: argparse.Namespace) -> bool:
    """Diagnose one file; it passes if it is known to be right."""
    from tfprune.diagnosis.table import doctor_table

    found = _doctor(arguments.file, arguments.target)
    show(doctor_table(found, arguments.ops), found.to_dict(), arguments.json, arguments.options)
    return found.safe


def _doctor(path: str, target: str | None) -> Diagnosis:
    from tfprune.export import doctor

    if path.endswith(".tflite"):
        return doctor(path, target)
    with quiet():
        return doctor(path, target)
