"""`tfprune setup-arm64`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tfprune.cli.output import show

if TYPE_CHECKING:
    from tfprune.emulation import Setup

SUMMARY = "fetch what running .tflite files on emulated ARM64 needs, about 70 MB, without root"
EXAMPLE = "tfprune setup-arm64 --json"


def add_arguments(verb: argparse.ArgumentParser) -> None:
    """Add what it takes."""
    verb.add_argument(
        "--cache",
        metavar="DIR",
        help="the folder of tfprune's caches; default: $TFPRUNE_CACHE, else ~/.cache/tfprune",
    )
    verb.add_argument(
        "--mirror",
        metavar="URL",
        help="of Debian's or Ubuntu's ARM64 packages; default: the one that apt uses here",
    )
    verb.add_argument("--force", action="store_true", help="make it anew, even if one is there")


def run(arguments: argparse.Namespace) -> bool:
    """Set it up, once."""
    from tfprune.emulation import setup_arm64

    setup = setup_arm64(arguments.cache, arguments.mirror, force=arguments.force)
    show(_summary(setup, arguments.cache), setup.to_dict(), arguments.json, arguments.options)
    return True


def _summary(setup: Setup, cache: str | None) -> str:
    lines = [
        f"ready in {setup.folder}",
        f"QEMU {setup.qemu}, ARM64 Python {setup.python}, ai-edge-litert {setup.litert}",
        "use it: tfprune verify model.keras model.tflite --target arm64",
        "        tfprune benchmark dense.tflite pruned.tflite --target arm64-emulated",
    ]
    if cache is not None:
        lines.append(f"so that these find it: export TFPRUNE_CACHE={setup.folder.parents[1]}")
    return "\n".join(lines)
