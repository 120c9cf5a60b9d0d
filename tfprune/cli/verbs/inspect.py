"""`tfprune inspect`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from tfprune.cli.output import quiet, show
from tfprune.cli.words import add_import, shape

if TYPE_CHECKING:
    from tfprune.inspection import Inspection

SUMMARY = "count parameters, multiply-accumulates, zeros and bytes of models"
EXAMPLE = "tfprune inspect model.keras model.tflite"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("files", nargs="+", metavar="FILE", help="a .keras, .h5 or .tflite file")
    verb.add_argument(
        "--input-shape",
        action="append",
        type=shape,
        metavar="SHAPE",
        help="of one sample, where a Keras model leaves sizes open: 224x224x3; once for each input",
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Count what is in the files."""
    from rich.console import Group

    shapes = arguments.input_shape or []
    sizes = shapes[0] if len(shapes) == 1 else shapes or None
    found = [_inspect(path, sizes) for path in arguments.files]
    document = {"inspections": [one.to_dict() for one in found]}
    show(Group(*(one.tables() for one in found)), document, arguments.json, arguments.options)
    return True


def _inspect(path: str, input_shape: Any) -> Inspection:
    from tfprune.inspection import inspect

    if path.endswith(".tflite"):
        return inspect(path, input_shape)
    with quiet():
        return inspect(path, input_shape)
