"""Where a set-up lies, and what is in it."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfprune.emulation.wholeness import damage
from tfprune.errors import FileError, MissingExtra, PruneError, first_line

RECIPE = 2
"""Raised whenever a set-up made by an earlier version of this room would no longer do."""

COMMAND = "tfprune setup-arm64"
RECORD = "setup.json"
PathLike = str | os.PathLike[str]

_SAME_PYTHON = ("HOME", "PATH", "TMPDIR", "PYTHONHOME", "PYTHONPATH", "LANG", "LC_ALL")
"""All that an emulated x86 Python takes over: where it finds itself, its packages and files.

Nothing that describes the host's processor may reach it: OPENBLAS_CORETYPE or GLIBC_TUNABLES name
instructions that an older core does not have, and NumPy would die of SIGILL."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A finished set-up, as its setup.json records it.

    Args:
        folder: Where it lies; everything in it is relative to that, so it can be moved.
        litert: The version of ai-edge-litert for aarch64.
        python: That of the ARM64 Python, `"3.11"`.
        qemu: The version of QEMU.
        packages: Every package that was unpacked, with its version.
        recipe: `RECIPE` when it was made.
    """

    folder: Path
    litert: str
    python: str
    qemu: str
    packages: dict[str, str]
    recipe: int = RECIPE

    def to_dict(self) -> dict[str, object]:
        """Return the record, ready for `json.dumps`."""
        return {**dataclasses.asdict(self), "folder": str(self.folder)}

    def emulator(self, machine: str) -> list[str]:
        """Return the start of a command that runs a program of `machine`: QEMU with its libraries.

        Args:
            machine: `"aarch64"` or `"x86_64"`.
        """
        libraries = sorted({str(path.parent) for path in (self.folder / "qemu").rglob("*.so*")})
        # QEMU's own libraries must not reach the program: it keeps what this process had.
        inherited = os.environ.get("LD_LIBRARY_PATH")
        keep = ["-E", f"LD_LIBRARY_PATH={inherited}"] if inherited else ["-U", "LD_LIBRARY_PATH"]
        return [
            f"LD_LIBRARY_PATH={':'.join(libraries)}",
            str(self.folder / f"qemu/usr/bin/qemu-{machine}"),
            *(["-U", "LD_LIBRARY_PATH"] if machine == "aarch64" else keep),
        ]

    def arm64_python(
        self, cpu: str, options: Sequence[str] = (), compiling: bool = False
    ) -> list[str]:
        """Return the command that runs a Python script on an emulated ARM core.

        Args:
            cpu: One of `CPUS`.
            options: Further options of QEMU.
            compiling: Whether it may write compiled modules into the set-up, while that is made.
        """
        variables = (
            f"PYTHONPATH={self.folder / 'site'}",
            "PYTHONHASHSEED=0",  # the same dictionaries, the same count, in every run
        )
        return [
            *("env", "-i", "HOME=/", *variables, *self.emulator("aarch64")),
            *("-L", str(self.folder / "sysroots" / cpu), "-cpu", cpu, *options),
            str(self.folder / f"root/usr/bin/python{self.python}"),
            *([] if compiling else ["-B"]),
        ]

    def x86_python(self, cpu: str) -> list[str]:
        """Return the command that runs a script with this very Python on an older x86 core."""
        kept = [f"{name}={os.environ[name]}" for name in _SAME_PYTHON if name in os.environ]
        return ["env", "-i", *kept, *self.emulator("x86_64"), "-cpu", cpu, sys.executable]


def cache_folder(cache: PathLike | None = None) -> Path:
    """Return the folder of tfprune's caches: the one given, `$TFPRUNE_CACHE`, or the user's.

    The user's is `$XDG_CACHE_HOME/tfprune`, by default `~/.cache/tfprune`
    (freedesktop.org, XDG Base Directory Specification).
    """
    if cache is not None:
        return _absolute(cache)
    if os.environ.get("TFPRUNE_CACHE"):
        return _absolute(os.environ["TFPRUNE_CACHE"])
    return _absolute(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "tfprune"


def _absolute(folder: PathLike) -> Path:
    try:
        return Path(folder).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # no home, or no working folder
        fix = "set TFPRUNE_CACHE to a folder, from / on"
        raise FileError(f"find the cache folder {folder}", first_line(error), fix) from error


def folder_of(cache: PathLike | None = None) -> Path:
    """Return where the set-up for the installed ai-edge-litert belongs, made or not."""
    return cache_folder(cache) / "arm64" / f"ai-edge-litert-{installed_litert()}"


def installed_litert() -> str:
    """Return the version of ai-edge-litert on this machine; the emulated one must be the same."""
    try:
        return importlib.metadata.version("ai-edge-litert")
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtra(
            "emulate ARM64", "ai-edge-litert is not installed", "pip install ai-edge-litert"
        ) from error


def read_setup(folder: Path) -> Setup | None:
    """Return the set-up in `folder`, or None if there is none or it is of another recipe."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        setup = Setup(**{**record, "folder": folder})
    except (OSError, ValueError, TypeError):
        return None
    return setup if setup.recipe == RECIPE else None


def find_setup(asked: str, cache: PathLike | None = None) -> Setup:
    """Return the set-up for the installed ai-edge-litert.

    Args:
        asked: What needs it, for the error.
        cache: As in `cache_folder`.

    Raises:
        MissingExtra: there is none; the fix is the command that makes it.
        PruneError: a file of it is missing or cut off.
    """
    folder = folder_of(cache)
    setup = read_setup(folder)
    if setup is None:
        found = f"the emulator and the ARM64 LiteRT are not set up in {folder}"
        raise MissingExtra(asked, found, COMMAND)
    harm = damage(folder)
    if harm is not None:
        raise PruneError(asked, f"the emulated ARM64 is damaged: {harm}", f"{COMMAND} --force")
    return setup
