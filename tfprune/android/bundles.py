"""The runtimes that can be taken to a phone: which files, and how they are started there."""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfprune import files
from tfprune.android.adb import ASKED, quote
from tfprune.android.app import App
from tfprune.android.building import BIONIC, GLIBC, build_runner
from tfprune.android.elf import read_elf
from tfprune.android.planning import Plan
from tfprune.emulation import setup_arm64
from tfprune.emulation.commands import run
from tfprune.emulation.place import cache_folder, installed_litert
from tfprune.errors import FileError, PruneError
from tfprune.progress import track

RUNNER = "tfprune_runner"
GOOGLE, BUNDLE = "litert-lm", "ai-edge-litert"
APP = "app"
RUNTIMES = ("auto", GOOGLE, BUNDLE, APP)

# The version whose C API native/litert.h describes; Android wheels need Android 6 (API 23).
_GOOGLE_WHEEL = "litert-lm-api==0.18.1"
_GOOGLE_LIBRARY = "liblitert-lm.so"
_LOADERS = {"arm64-v8a": "ld-linux-aarch64.so.1", "x86_64": "ld-linux-x86-64.so.2"}
_GLIBC_LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"),
    *("libstdc++.so.6", "libgcc_s.so.1"),
)
_LITERT = "libLiteRt.so"


@dataclass(frozen=True)
class Bundle:
    """One way to run models on a phone.

    Args:
        name: What runs, for readers.
        library: LiteRT's library, its name in the folder on the phone.
        start: The words that start the runner in that folder.
        files: Name in that folder → file here.
        silence_s: How long it may say nothing; it speaks every 2 s.
        stop: What ends it on the phone, besides the process named in `pid`.
    """

    name: str
    library: str
    start: tuple[str, ...]
    files: Mapping[str, Path]
    silence_s: float = 60.0
    stop: str = ""

    def line(self, folder: str, plan: Plan) -> str:
        """Return the line that runs a plan in a folder; `pid` there tells what to end."""
        settings = {"library": self.library, "runtime": self.name, **plan.settings()}
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return f"cd {quote(folder)} && echo $$ > pid && exec {quote(*self.start, *words)}"

    def steps(self, plan: Plan) -> int:
        """How many steps the runner tells of: each model loads, warms up, and reports, besides."""
        return len(plan.labels) * (len(plan.rounds) + 3)


Runtime = Bundle | App
"""What runs models on a phone."""


def candidates(runtime: str, abi: str) -> list[tuple[str, Callable[[], Runtime]]]:
    """Return the ways to try, the first being the wanted one: a name, and what fetches it.

    Args:
        runtime: `"auto"`: Google's build for Android, else the bundle; `"litert-lm"` or
            `"ai-edge-litert"` for one of these; `"app"`: the demo app; or the path of a
            libLiteRt.so.
        abi: The phone's.
    """
    known: dict[str, tuple[str, Callable[[], Runtime]]] = {
        GOOGLE: ("Google's LiteRT for Android", lambda: google(abi)),
        BUNDLE: ("ai-edge-litert with glibc", lambda: glibc(abi)),
    }
    if runtime == "auto":
        return list(known.values())
    known[APP] = (App().name, App)
    if runtime in known:
        return [known[runtime]]
    return [(runtime, lambda: users_own(Path(runtime), abi))]


def google(abi: str) -> Bundle:
    """Return LiteRT as Google builds it for Android, out of the wheel of litert-lm-api."""
    name, version = _GOOGLE_WHEEL.split("==")
    target = cache_folder() / "android" / f"{name}-{version}-{abi}.so"
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        for wanted in track([target], "fetching LiteRT for Android"):
            _fetch_google(abi, wanted)
    return _android(f"{name} {version}, Google's LiteRT for Android", _GOOGLE_LIBRARY, target, abi)


def glibc(abi: str, library: Path | None = None) -> Bundle:
    """Return the Linux build of exactly the installed ai-edge-litert, with a glibc to run it.

    A phone has no glibc; the bundle is started through the loader that comes with it.

    Args:
        abi: The phone's.
        library: Another libLiteRt.so for Linux, instead.
    """
    version = installed_litert()
    own, libraries = _own_glibc(abi) if _is_own(abi) else _emulated_glibc(abi)
    chosen = {_LITERT: library or own, RUNNER: build_runner(GLIBC, abi), **libraries}
    name = (
        f"ai-edge-litert {version}, its Linux build with glibc" if library is None else str(library)
    )
    start = (f"./{_LOADERS[abi]}", "--library-path", ".", f"./{RUNNER}")
    return Bundle(name, f"./{_LITERT}", start, chosen)


def users_own(path: Path, abi: str) -> Bundle:
    """Return the bundle of a libLiteRt.so that the user names, built for Android or for Linux.

    Raises:
        FileError: it is missing, no library, or for another machine.
    """
    if not path.is_file():
        fix = f"one of {', '.join(RUNTIMES)}, or the path of a libLiteRt.so"
        raise FileError(f"runtime={str(path)!r} on a phone", "there is no such file", fix)
    elf = read_elf(path)
    if elf.is_program:
        fix = "name LiteRT's library, libLiteRt.so; tfprune brings the program"
        raise FileError(f"use {path} as the runtime", "it is a program, not a library", fix)
    if elf.abi != abi:
        found = f"it is built for {elf.abi}, the phone runs {abi}"
        raise FileError(f"use {path} as the runtime", found, f"name a libLiteRt.so for {abi}")
    if elf.is_android:
        return _android(str(path), _LITERT, path, abi)
    return glibc(abi, path)


def _android(name: str, library: str, path: Path, abi: str) -> Bundle:
    own = {library: path, RUNNER: build_runner(BIONIC, abi)}
    return Bundle(name, f"./{library}", (f"./{RUNNER}",), own)


def _fetch_google(abi: str, target: Path) -> None:
    fix = f"check the network, and that this Python has pip; or use runtime={BUNDLE!r}"
    with tempfile.TemporaryDirectory(prefix="tfprune-") as folder:
        words = (
            *("download", "--quiet", "--no-deps", "--disable-pip-version-check"),
            *("--only-binary=:all:", f"--platform=android_23_{abi.replace('-', '_')}"),
            *("--dest", folder, _GOOGLE_WHEEL),
        )
        try:
            run([sys.executable, "-m", "pip", *words], fix)
        except PruneError as error:
            raise PruneError(f"{ASKED}: fetch its runtime", error.found, fix) from error
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            [member] = [name for name in archive.namelist() if name.endswith(_GOOGLE_LIBRARY)]
            files.write_bytes(target, archive.read(member))


def _is_own(abi: str) -> bool:
    machine = {"amd64": "x86_64", "aarch64": "arm64-v8a", "arm64": "arm64-v8a"}
    here = platform.machine().lower()
    return platform.system() == "Linux" and machine.get(here, here) == abi


def _own_glibc(abi: str) -> tuple[Path, dict[str, Path]]:
    """Return this machine's own LiteRT and C library: the phone, an emulator, is of its kind."""
    import importlib.util

    package = importlib.util.find_spec("ai_edge_litert")
    assert package is not None and package.origin is not None
    library = Path(package.origin).with_name(_LITERT)
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
        raise PruneError(f"{ASKED} of {abi}", found, f"use runtime={GOOGLE!r}")
    setup = setup_arm64()
    named = {path.name: path for path in (setup.folder / "root").rglob("*.so*") if path.is_file()}
    wanted = (*_GLIBC_LIBRARIES, _LOADERS[abi])
    libraries = {name: named[name] for name in wanted if name in named}
    return setup.folder / "site/ai_edge_litert" / _LITERT, _complete(libraries, abi)


def _complete(found: dict[str, Path], abi: str) -> dict[str, Path]:
    missing = [name for name in (*_GLIBC_LIBRARIES, _LOADERS[abi]) if name not in found]
    if missing:
        fix = f"install it, or use runtime={GOOGLE!r}"
        raise PruneError(f"{ASKED}: bundle glibc", f"{missing[0]} was not found", fix)
    return {name: path.resolve() for name, path in found.items()}
