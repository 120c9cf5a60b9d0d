"""Build the runner for a phone, with the C compiler that PyPI's ziglang brings; no NDK."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path

from tfprune import files
from tfprune.android.device.adb import ASKED
from tfprune.emulation.commands import run
from tfprune.emulation.place import PathLike, cache_folder
from tfprune.errors import MissingExtra, PruneError
from tfprune.progress import track

SOURCES = Path(__file__).with_name("native")
BIONIC, GLIBC = "bionic", "glibc"
"""The two C libraries that a runner is built for: Android's, and Linux' that tfprune brings."""

_MACHINES = {"arm64-v8a": "aarch64", "x86_64": "x86_64"}
_OLDEST_GLIBC = "2.17"
_PARTS = ("runner", "model", "report")
_WARNINGS = ("-O2", "-Wall", "-Wextra", "-Werror")
_FIX = "see whether `python -m ziglang version` works; pip install --force-reinstall ziglang"


def build_runner(libc: str, abi: str, cache: PathLike | None = None) -> Path:
    """Return the runner for a C library and a machine, building it if the cache has none.

    Args:
        libc: `BIONIC` or `GLIBC`.
        abi: `"arm64-v8a"` or `"x86_64"`.
        cache: The folder of tfprune's caches; the runner lies in its folder `android`.

    Raises:
        MissingExtra: ziglang is not installed.
        PruneError: the compiler failed.
    """
    target = cache_folder(cache) / "android" / f"runner-{libc}-{abi}-{_fingerprint()}"
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.temporary_folder() as folder:
        compiler = _Compiler(folder, _MACHINES[abi])
        ways = {BIONIC: compiler.bionic, GLIBC: compiler.glibc}
        [built] = [build() for build in track([ways[libc]], "building the runner")]
        files.write_bytes(target, built.read_bytes())
    target.chmod(0o755)
    return target


def _fingerprint() -> str:
    """Tell apart runners of other sources, compilers or ways of building."""
    digest = hashlib.sha256(_zig_version().encode())
    for path in [*sorted(SOURCES.iterdir()), Path(__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _zig_version() -> str:
    try:
        return importlib.metadata.version("ziglang")
    except importlib.metadata.PackageNotFoundError as error:
        raise MissingExtra.named(f"{ASKED}: build its runner", "ziglang", "android") from error


class _Compiler:
    """zig cc, with its caches in a folder that goes away."""

    def __init__(self, folder: Path, machine: str) -> None:
        self.folder, self.machine = folder, machine

    def glibc(self) -> Path:
        """Link with glibc, of which zig knows every version's names."""
        target = f"{self.machine}-linux-gnu.{_OLDEST_GLIBC}"
        sources = [str(SOURCES / f"{name}.c") for name in _PARTS]
        return self._cc("runner", *_WARNINGS, "-s", "-target", target, *sources, "-ldl")

    def bionic(self) -> Path:
        """Link for Android, of which zig has neither headers nor names.

        Both C libraries mean the same by what the runner calls and passes, so musl's headers do;
        the names come from stubs, and the entry from bionic.c.
        """
        target = ("-target", f"{self.machine}-linux-musl")
        alone = (*target, "-nostdlib")
        stubs = str(SOURCES / "stubs.c")
        libraries = [
            self._cc(f"{name}.so", *alone, "-shared", f"-Wl,-soname,{name}.so", f"-D{name}", stubs)
            for name in ("libc", "libdl")
        ]
        objects = [self._object(name, target) for name in (*_PARTS, "bionic")]
        # Android 15 has phones with pages of 16 KiB.
        loader = ("-Wl,-dynamic-linker,/system/bin/linker64", "-Wl,-z,max-page-size=16384")
        return self._cc("runner", *alone, "-pie", "-s", *loader, *map(str, objects + libraries))

    def _object(self, name: str, target: tuple[str, ...]) -> Path:
        flags = (*_WARNINGS, "-fPIE", "-fno-stack-protector")
        return self._cc(f"{name}.o", *flags, *target, "-c", str(SOURCES / f"{name}.c"))

    def _cc(self, output: str, *words: str) -> Path:
        path = self.folder / output
        caches = ("ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR")
        variables = {name: str(self.folder / "zig") for name in caches}
        command = [sys.executable, "-m", "ziglang", "cc", *words, "-o", str(path)]
        try:
            run(command, _FIX, variables=variables)
        except PruneError as error:
            asked = f"{ASKED}: build its runner"
            raise PruneError(asked, error.found, error.fix) from error
        return path
