"""`tfprune convert`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import, add_output, check_apart

SUMMARY = "write a .tflite file of a Keras model"
EXAMPLE = (
    "tfprune convert model.keras -o model.tflite --quantize int8 --representative-data inputs.npy"
)
_SPARSE: dict[str, bool | str] = {"auto": "auto", "yes": True, "no": False}


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument(
        "model",
        metavar="MODEL",
        help="a .keras file, or a SavedModel folder, whose initializers run: only one you trust",
    )
    add_output(verb, "OUT.tflite", "the file to write", required=True)
    verb.add_argument(
        "--quantize",
        choices=("none", "float16", "dynamic", "int8", "int16x8", "int4"),
        default="none",
        help="number format; default: none, float32",
    )
    verb.add_argument(
        "--keep-float",
        action="append",
        default=[],
        metavar="NAME",
        help="a layer, glob or class that stays float in an int8 or int4 file; may be repeated",
    )
    verb.add_argument(
        "--representative-data",
        metavar="DATA",
        help=f"inputs to calibrate int8 with: {DATA}",
    )
    verb.add_argument(
        "--sparse",
        choices=("auto", "yes", "no"),
        default="auto",
        help="store zeros compactly: where it is safe and smaller, or as told",
    )
    verb.add_argument(
        "--io-dtype",
        choices=("float32", "int8"),
        default="float32",
        help="type of an int8 model's inputs and outputs",
    )
    verb.add_argument("--batch-size", type=int, default=1, metavar="N", help="default: 1")
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Write a .tflite file."""
    check_apart(arguments.output, arguments.model, arguments.representative_data)
    with quiet():
        import tensorflow  # noqa: F401

        from tfprune.export import convert

    result = convert(
        arguments.model,
        arguments.output,
        None if arguments.quantize == "none" else arguments.quantize,
        arguments.representative_data,
        sparse=_SPARSE[arguments.sparse],
        io_dtype=arguments.io_dtype,
        batch_size=arguments.batch_size,
        keep_float=arguments.keep_float,
    )
    show(result, result.to_dict(), arguments.json, arguments.options)
    return True
