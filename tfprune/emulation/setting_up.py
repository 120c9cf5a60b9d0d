"""Make a set-up: everything in a temporary folder, tried out, then renamed into place."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tfprune.emulation.commands import ASKED, run
from tfprune.emulation.compiling import compile_counter
from tfprune.emulation.cpus import CPUS, make_sysroots
from tfprune.emulation.debian import Packages, check_machine
from tfprune.emulation.place import (
    RECORD,
    PathLike,
    Setup,
    folder_of,
    installed_litert,
    read_setup,
)
from tfprune.emulation.wheels import unpack_wheels
from tfprune.emulation.wholeness import damage, record_sizes
from tfprune.errors import PruneError
from tfprune.progress import track

# libffi for ctypes, expat and zlib for Python itself, the others for the wheels.
_LIBRARIES = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1", "libffi8")
_TRY = "import ai_edge_litert.interpreter, ctypes, importlib.metadata, json"
_NOT_NEEDED = ("root/usr/share", "site/ai_edge_litert/libLiteRtWebGpuAccelerator.so")


def setup_arm64(
    cache: PathLike | None = None, mirror: str | None = None, *, force: bool = False
) -> Setup:
    """Fetch what running the aarch64 LiteRT on this machine needs: some 70 MB, seconds, no root.

    QEMU's user emulation and an ARM64 Python come from this system's package mirror, LiteRT (in
    the version that is installed here) and NumPy from the Python package index. Nothing is
    installed outside the cache folder. A set-up that is already there and whole is returned as it
    is; an interrupted one leaves nothing behind that would be used.

    Args:
        cache: The folder of tfprune's caches; by default `$TFPRUNE_CACHE`, else
            `~/.cache/tfprune`. The set-up lies in its folder `arm64`.
        mirror: The address of a mirror with ARM64 packages, where this system's own has none.
        force: Make it anew, even if one is there and whole.

    Returns:
        The `Setup`, with its folder and the version of each package.

    Raises:
        PruneError: no Linux with apt, no network, or a step failed; it says which and why.

    Example:
        >>> setup_arm64().litert                                      # doctest: +SKIP
        '2.3.0'
    """
    folder = folder_of(cache)
    found = None if force else _whole(folder)
    if found is not None:
        return found
    check_machine()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent):
            found = None if force else _whole(folder)  # another process may have made it meanwhile
            return found if found is not None else _make(folder, mirror)
    except OSError as error:
        fix = "free some space, or name another folder: tfprune setup-arm64 --cache DIR"
        raise PruneError(ASKED, f"{folder.parent}: {error.strerror}", fix) from error


def _whole(folder: Path) -> Setup | None:
    """Return the set-up in `folder` if nothing of it is missing or cut off."""
    setup = read_setup(folder)
    return setup if setup is not None and damage(folder) is None else None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time set up here; the lock ends with the process."""
    import fcntl

    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left_over in folder.glob(".new-*"):
            shutil.rmtree(left_over, ignore_errors=True)
        yield


def _make(folder: Path, mirror: str | None) -> Setup:
    with tempfile.TemporaryDirectory(
        dir=folder.parent, prefix=".new-", ignore_cleanup_errors=True
    ) as name:
        work = _Work(Path(name), mirror)
        for step in track(work.steps, "setting up emulated ARM64"):
            step()
        if folder.exists():  # of an older recipe, or damaged
            folder.rename(Path(name) / "old")
        work.new.rename(folder)
    setup = read_setup(folder)
    assert setup is not None
    return setup


class _Work:
    """The steps of one set-up, and what they have found out so far."""

    def __init__(self, temporary: Path, mirror: str | None) -> None:
        self.temporary, self.new, self.mirror = temporary, temporary / "new", mirror
        self.versions: dict[str, str] = {}
        self.python = ""
        self.steps: list[Callable[[], None]] = [
            self.list_packages,
            self.emulator,
            self.system,
            self.wheels,
            self.sysroots,
            self.counter,
            self.record,
        ]

    def list_packages(self) -> None:
        self.apt = Packages(self.temporary / "apt", self.mirror)
        self.apt.update()
        self.python = self.apt.python()

    def emulator(self) -> None:
        names = self.apt.needed_by("qemu-user")
        self.versions |= self.apt.unpack(names, self.apt.own, self.temporary / "all")
        kept = [*Path(self.temporary / "all").rglob("*.so*")]
        kept += [self.temporary / "all/usr/bin" / f"qemu-{m}" for m in ("aarch64", "x86_64")]
        for path in kept:
            target = self.new / "qemu" / path.relative_to(self.temporary / "all")
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)

    def system(self) -> None:
        name = f"python{self.python}"
        parts = (f"{name}-minimal", f"lib{name}-minimal", f"lib{name}-stdlib")
        self.versions |= self.apt.unpack((*_LIBRARIES, *parts), "arm64", self.new / "root")

    def wheels(self) -> None:
        wanted = [f"ai-edge-litert=={installed_litert()}", "numpy"]
        downloads = self.temporary / "wheels"
        self.versions |= unpack_wheels(wanted, self.python, downloads, self.new / "site")

    def sysroots(self) -> None:
        for name in _NOT_NEEDED:
            path = self.new / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        for tests in self.new.glob("site/numpy/*/tests"):
            shutil.rmtree(tests)
        if not (self.new / "root/lib").exists():  # systems that joined /lib and /usr/lib
            (self.new / "root/lib").symlink_to("usr/lib")
        make_sysroots(self.new)

    def counter(self) -> None:
        target = self.new / "counter.so"
        plugin = ["-plugin", f"{target},out={self.temporary / 'counts.txt'}"]
        command = [*self._setup().arm64_python("cortex-a76", plugin), "-c", "pass"]
        compile_counter(target, command, self.temporary)

    def record(self) -> None:
        """Try every core, which compiles the modules it imports, and write down what is here."""
        for cpu in CPUS:
            command = self._setup().arm64_python(cpu, compiling=True)
            run([*command, "-c", _TRY], "report this with its text")
        record = self._setup().to_dict()
        del record["folder"]
        text = json.dumps(record, indent=2) + "\n"
        (self.new / RECORD).write_text(text, encoding="utf-8")
        record_sizes(self.new)

    def _setup(self) -> Setup:
        return Setup(
            folder=self.new,
            litert=self.versions["ai-edge-litert"],
            python=self.python,
            qemu=upstream(self.versions[f"qemu-user:{self.apt.own}"]),
            packages=dict(sorted(self.versions.items())),
        )


def upstream(version: str) -> str:
    """Return the part of a Debian version that the program itself has.

    Example:
        >>> upstream("1:7.2+dfsg-7+deb12u18"), upstream("2.36-9")
        ('7.2', '2.36')
    """
    return re.split("[+-]", version.split(":")[-1])[0]
