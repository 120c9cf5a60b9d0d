"""Linux' C library and LiteRT's build for Linux, for a phone that has neither."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tfprune.android.device.adb import ASKED
from tfprune.emulation import setup_arm64
from tfprune.errors import PruneError

LITERT = "libLiteRt.so"

_LOADERS = {"arm64-v8a": "ld-linux-aarch64.so.1", "x86_64": "ld-linux-x86-64.so.2"}
_GLIBC_LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"),
    *("libstdc++.so.6", "libgcc_s.so.1"),
)


@dataclass(frozen=True)
class Linux:
    """What a program for Linux needs beside itself.

    Args:
        loader: The name of its loader, one of the files.
        files: Name in the folder on the phone → file here.
        litert: LiteRT as ai-edge-litert brings it for that machine.
    """

    loader: str
    files: dict[str, Path]
    litert: Path

    def start(self, program: str) -> tuple[str, ...]:
        """Return the words that start a program of the folder through the loader."""
        return (f"./{self.loader}", "--library-path", ".", f"./{program}")


def linux(abi: str) -> Linux:
    """Return what programs for Linux need on a phone.

    Raises:
        PruneError: this machine has none for that ABI.
    """
    litert, libraries = _own_glibc(abi) if _is_own(abi) else _emulated_glibc(abi)
    return Linux(_LOADERS[abi], libraries, litert)


def _is_own(abi: str) -> bool:
    machine = {"amd64": "x86_64", "aarch64": "arm64-v8a", "arm64": "arm64-v8a"}
    here = platform.machine().lower()
    return platform.system() == "Linux" and machine.get(here, here) == abi


def _own_glibc(abi: str) -> tuple[Path, dict[str, Path]]:
    """Return this machine's own LiteRT and C library: the phone, an emulator, is of its kind."""
    import importlib.util

    package = importlib.util.find_spec("ai_edge_litert")
    assert package is not None and package.origin is not None
    library = Path(package.origin).with_name(LITERT)
    listed = subprocess.run(["ldd", str(library)], capture_output=True, text=True).stdout
    found = {}
    for line in listed.splitlines():
        path = next((word for word in line.split() if word.startswith("/")), "")
        if Path(path).name in (*_GLIBC_LIBRARIES, _LOADERS[abi]):
            found[Path(path).name] = Path(path)
    return library, _complete(found, abi)


def _emulated_glibc(abi: str) -> tuple[Path, dict[str, Path]]:
    """Return those that `tfprune setup-arm64` fetches, fetching them if need be."""
    if abi != "arm64-v8a":
        found = f"this {platform.system()} {platform.machine()} has no glibc for {abi}"
        raise PruneError(f"{ASKED} of {abi}", found, "use runtime='litert-lm'")
    setup = setup_arm64()
    named = {path.name: path for path in (setup.folder / "root").rglob("*.so*") if path.is_file()}
    wanted = (*_GLIBC_LIBRARIES, _LOADERS[abi])
    libraries = {name: named[name] for name in wanted if name in named}
    return setup.folder / "site/ai_edge_litert" / LITERT, _complete(libraries, abi)


def _complete(found: dict[str, Path], abi: str) -> dict[str, Path]:
    missing = [name for name in (*_GLIBC_LIBRARIES, _LOADERS[abi]) if name not in found]
    if missing:
        fix = "install it, or use runtime='litert-lm'"
        raise PruneError(f"{ASKED}: bundle glibc", f"{missing[0]} was not found", fix)
    return {name: path.resolve() for name, path in found.items()}
