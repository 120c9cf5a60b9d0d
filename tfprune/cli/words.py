"""Arguments that several verbs take."""

from __future__ import annotations

import argparse

_RUNTIMES = ("auto", "ai-edge-litert", "tflite-runtime")
# The same as in tfprune.emulation, which imports NumPy; a test compares them.
TARGETS = ("host", "arm64", "x86-noavx")
CPUS = ("cortex-a76", "cortex-a53")


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
