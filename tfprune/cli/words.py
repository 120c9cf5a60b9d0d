"""Arguments that several verbs take."""

from __future__ import annotations

import argparse
import os

from tfprune.errors import PruneError

_RUNTIMES = ("auto", "ai-edge-litert", "tflite-runtime")
# The same as in tfprune.emulation, which imports NumPy; a test compares them.
TARGETS = ("host", "arm64", "x86-noavx")
CPUS = ("cortex-a76", "cortex-a53")


# The criteria that need no data, and those that judge by some.
RANKINGS = ("l1", "l2", "fpgm", "lamp", "bn_scale", "random")
BY_DATA = ("taylor", "fisher", "relevance", "activation")


def add_output(
    verb: argparse.ArgumentParser,
    metavar: str,
    what: str,
    default: str | None = None,
    required: bool = False,
) -> None:
    """Add `-o`."""
    more = f"; default: {default}" if default else ""
    verb.add_argument(
        "-o", "--output", metavar=metavar, default=default, required=required, help=what + more
    )


def check_apart(output: str | None, *inputs: str | None) -> None:
    """Check that what is written is not one of the files that are read.

    Raises:
        PruneError: it is, under whatever name.
    """
    for name in inputs:
        read = name is not None and output is not None and os.path.exists(name)
        if read and os.path.exists(str(output)) and os.path.samefile(str(name), str(output)):
            raise PruneError(
                f"write to {output}",
                f"it is the file that is read, {name}",
                "name another file; the input stays as it is",
            )


DATA = (
    ".npy; .npz with x and y or the model's names of inputs and outputs; .csv; a folder of images "
    "by class; a saved tf.data folder; or my_module:function"
)


def add_import(verb: argparse.ArgumentParser) -> None:
    """Add `--import`, which `tfprune.cli.entry` obeys before the verb runs."""
    verb.add_argument(
        "--import",
        action="append",
        default=[],
        dest="imports",
        metavar="FILE.py",
        help="a Python file with the model's custom layers; may be repeated",
    )


def add_runtime(verb: argparse.ArgumentParser) -> None:
    """Add `--runtime`."""
    verb.add_argument(
        "--runtime", choices=_RUNTIMES, default="auto", help="default: the first installed"
    )


def shape(text: str) -> tuple[int, ...]:
    """Read `224x224x3` or `224,224,3`."""
    sizes = text.replace(",", "x").split("x")
    if not all(size.isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is no shape like 224x224x3")
    return tuple(map(int, sizes))
