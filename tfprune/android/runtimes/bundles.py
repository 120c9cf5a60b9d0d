"""The runtimes that can be taken to a phone: which files, and how they are started there."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfprune import files
from tfprune.android.device.adb import ASKED, quote
from tfprune.android.planning import RunnerPlan
from tfprune.android.runtimes.app import App
from tfprune.android.runtimes.benchmark_model import users_program
from tfprune.android.runtimes.building import BIONIC, GLIBC, build_runner
from tfprune.android.runtimes.documents import DocumentRuntime
from tfprune.android.runtimes.elf import read_elf
from tfprune.android.runtimes.linux import LITERT, linux
from tfprune.android.runtimes.runtime import Runtime
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


@dataclass(frozen=True, kw_only=True)
class Bundle(DocumentRuntime):
    """tfprune's runner and a LiteRT.

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

    def line(self, folder: str, plan: RunnerPlan) -> str:
        """Return the line that runs a plan in a folder; `pid` there tells what to end."""
        settings = {"library": self.library, "runtime": self.name, **plan.settings()}
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return f"cd {quote(folder)} && echo $$ > pid && exec {quote(*self.start, *words)}"

    def steps(self, plan: RunnerPlan) -> int:
        """How many steps the runner tells of: each model loads, warms up, and reports, besides."""
        return len(plan.labels) * (len(plan.rounds) + 3)


def candidates(runtime: str, abi: str) -> list[tuple[str, Callable[[], Runtime]]]:
    """Return the ways to try, the first being the wanted one: a name, and what fetches it.

    Args:
        runtime: `"auto"`: Google's build for Android, else the bundle; `"litert-lm"` or
            `"ai-edge-litert"` for one of these; `"app"`: the demo app; or the path of a
            libLiteRt.so or a benchmark_model.
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
    own, version = linux(abi), installed_litert()
    chosen = {LITERT: library or own.litert, RUNNER: build_runner(GLIBC, abi), **own.files}
    name = (
        f"ai-edge-litert {version}, its Linux build with glibc" if library is None else str(library)
    )
    return Bundle(name=name, library=f"./{LITERT}", start=own.start(RUNNER), files=chosen)


def users_own(path: Path, abi: str) -> Runtime:
    """Return the runtime of a file that the user names, built for Android or for Linux.

    It is a libLiteRt.so, or a program: LiteRT's benchmark_model.

    Raises:
        FileError: it is missing, neither of them, or for another machine.
    """
    if not path.is_file():
        fix = f"one of {', '.join(RUNTIMES)}, or the path of a libLiteRt.so or a benchmark_model"
        raise FileError(f"runtime={str(path)!r} on a phone", "there is no such file", fix)
    elf = read_elf(path)
    if elf.abi != abi:
        found = f"it is built for {elf.abi}, the phone runs {abi}"
        raise FileError(f"use {path} as the runtime", found, f"name one that is built for {abi}")
    if elf.is_program:
        return users_program(path, elf, abi)
    if elf.is_android:
        return _android(str(path), LITERT, path, abi)
    return glibc(abi, path)


def _android(name: str, library: str, path: Path, abi: str) -> Bundle:
    own = {library: path, RUNNER: build_runner(BIONIC, abi)}
    return Bundle(name=name, library=f"./{library}", start=(f"./{RUNNER}",), files=own)


def _fetch_google(abi: str, target: Path) -> None:
    fix = f"check the network, and that this Python has pip; or use runtime={BUNDLE!r}"
    with files.temporary_folder() as folder:
        words = (
            *("download", "--quiet", "--no-deps", "--disable-pip-version-check"),
            *("--only-binary=:all:", f"--platform=android_23_{abi.replace('-', '_')}"),
            *("--dest", str(folder), _GOOGLE_WHEEL),
        )
        try:
            run([sys.executable, "-m", "pip", *words], fix)
        except PruneError as error:
            raise PruneError(f"{ASKED}: fetch its runtime", error.found, fix) from error
        [wheel] = folder.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            [member] = [name for name in archive.namelist() if name.endswith(_GOOGLE_LIBRARY)]
            files.write_bytes(target, archive.read(member))
