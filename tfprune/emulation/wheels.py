"""Wheels from the package index, for another machine than this one."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from tfprune.emulation.commands import run

# manylinux_2_17 is the oldest that exists for ARM64; Debian 12 has version 2.36 of the C library.
_GLIBC = range(17, 37)
_FIX = "check the network, and that this Python has pip: python -m ensurepip"


def unpack_wheels(requirements: list[str], python: str, folder: Path, into: Path) -> dict[str, str]:
    """Download wheels for Linux on ARM64 with pip and unpack them; return their versions.

    Args:
        requirements: As pip takes them; what they depend on is not fetched.
        python: The version of the Python that will import them, `"3.11"`.
        folder: For the downloads.
        into: The folder that will be on its path.
    """
    folder.mkdir()
    run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--only-binary=:all:", "--implementation=cp"),
            f"--python-version={python}",
            *(f"--platform=manylinux_2_{n}_aarch64" for n in _GLIBC),
            *("--platform=manylinux2014_aarch64", "--dest", folder),
            *requirements,
        ],
        _FIX,
    )
    versions = {}
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(into)
        name, version, *_ = wheel.stem.split("-")
        versions[name.replace("_", "-")] = version
        wheel.unlink()
    return versions
