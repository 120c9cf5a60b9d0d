"""`tfprune quantization-errors`."""

from __future__ import annotations

import argparse

from tfprune.cli.output import quiet, show
from tfprune.cli.words import DATA, add_import

SUMMARY = "find out which layers lose most in int8, and which to keep float"
EXAMPLE = "tfprune quantization-errors model.keras --data inputs.npy"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument("model", metavar="MODEL", help="a .keras file or a SavedModel folder")
    verb.add_argument(
        "--data",
        required=True,
        metavar="DATA",
        help=f"inputs to calibrate and compare with: {DATA}",
    )
    verb.add_argument(
        "--samples", type=int, default=32, metavar="N", help="how many are compared; default: 32"
    )
    add_import(verb)


def run(arguments: argparse.Namespace) -> bool:
    """Quantize each layer alone and rank them."""
    with quiet():
        import tensorflow  # noqa: F401

        from tfprune.ablation import quantization_errors

    found = quantization_errors(arguments.model, arguments.data, samples=arguments.samples)
    show(found, found.to_dict(), arguments.json, arguments.options)
    return True
