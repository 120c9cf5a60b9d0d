"""Compile counter.c for this machine's QEMU."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tfprune.emulation.commands import ASKED, run
from tfprune.errors import PruneError

SOURCE = Path(__file__).with_name("counter.c")
_FLAGS = ("-O2", "-shared", "-fPIC")
# QEMU's plugin API: 1 from version 4.2 on, at least 2 from 9.0 on.
_APIS = (1, 2)
_FIX = "install a C compiler, e.g. gcc, or make the package index reachable for ziglang"


def compile_counter(target: Path, try_command: list[str], temporary: Path) -> None:
    """Compile the plugin to `target`, for the first plugin API that this QEMU loads.

    Args:
        target: The shared library to write.
        try_command: A command that runs a program with the plugin at `target`.
        temporary: A folder for a compiler, if one must be fetched.
    """
    compiler, variables = _compiler(temporary)
    for api in _APIS:
        options = [*_FLAGS, f"-DPLUGIN_API={api}", "-o", str(target), str(SOURCE)]
        run([*compiler, *options], _FIX, variables=variables)
        try:
            run(try_command, "")
        except PruneError as error:
            refused = error.found
        else:
            return
    raise PruneError(
        ASKED,
        f"this QEMU does not load the instruction counter: {refused}",
        "this release of the system may ship a QEMU without plugins; set up on Debian 12",
    )


def _compiler(temporary: Path) -> tuple[list[str], dict[str, str]]:
    """Return the C compiler of this machine, or else ziglang's, fetched for this once."""
    named = os.environ.get("CC", "").split()
    for words in (named, ["cc"], ["gcc"], ["clang"]):
        if words and shutil.which(words[0]):
            return words, {}
    folder = str(temporary / "ziglang")
    run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "ziglang"], _FIX)
    variables = {"ZIG_GLOBAL_CACHE_DIR": folder, "ZIG_LOCAL_CACHE_DIR": folder}
    variables["PYTHONPATH"] = folder
    return [sys.executable, "-m", "ziglang", "cc"], variables
