"""Android's debug bridge: the `adb` program, one phone, and what can go wrong between the two.

The program is used rather than a Python client of its protocol: it is what users have, its shell
returns exit codes and keeps standard error apart, and every call of it can be given a time limit
and be ended. `adbutils`, a Python client, is only asked for the adb that it brings along.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfprune import files
from tfprune.errors import MissingExtra, PruneError

ASKED = "benchmark on an Android phone"
_SHORT_S = 30.0
_SIZE_PER_S = 1e6
"""Bytes in a second that a transfer may at least be expected to move; USB 2 moves 30 times that."""


class PhoneLost(PruneError):
    """The phone does not answer any more: unplugged, switched off, or its adb ended."""


@dataclass(frozen=True)
class Done:
    """What a command on the phone gave.

    Args:
        code: Its exit status.
        out: What it printed.
        err: What it printed on standard error.
    """

    code: int
    out: str
    err: str


def find_adb() -> str:
    """Return the path of adb: of `PATH`, of the Android SDK, or the one that adbutils brings.

    The SDK's folder is `$ANDROID_HOME`, formerly `$ANDROID_SDK_ROOT` (Android's documentation,
    "Environment variables").

    Raises:
        MissingExtra: there is none.
    """
    found = shutil.which("adb")
    if found:
        return found
    name = "adb.exe" if os.name == "nt" else "adb"
    for variable in ("ANDROID_HOME", "ANDROID_SDK_ROOT"):
        program = Path(os.environ.get(variable, "")) / "platform-tools" / name
        if os.environ.get(variable) and program.is_file():
            return str(program)
    try:
        import adbutils

        return str(adbutils.adb_path())
    except Exception as error:
        raise MissingExtra(
            ASKED,
            "adb is neither on PATH nor in $ANDROID_HOME/platform-tools",
            'pip install "tfprune[android]", or install the Android SDK\'s platform-tools',
        ) from error


def quote(*words: str | os.PathLike[str]) -> str:
    """Return words as a phone's shell takes them, each as it is; the only place that quotes.

    Example:
        >>> quote("cat", "it's; rm -rf $HOME")
        'cat \\'it\\'"\\'"\\'s; rm -rf $HOME\\''
    """
    return shlex.join(os.fspath(word) for word in words)


class Adb:
    """One phone.

    Args:
        program: The path of adb.
        serial: The phone's serial number, as `adb devices` lists it.
    """

    def __init__(self, program: str, serial: str) -> None:
        self.program, self.serial = program, serial

    def command(self, *words: str) -> list[str]:
        """Return the command that runs adb for this phone."""
        return [self.program, "-s", self.serial, *words]

    def shell(self, line: str, timeout_s: float = _SHORT_S) -> Done:
        """Run a line in the phone's shell; what is not constant in it must come from `quote`.

        Raises:
            PhoneLost: the phone went away, or does not answer.
        """
        done = self._run("shell", line, timeout_s=timeout_s, doing="running a command")
        if done.code:
            self.check_there("running a command")
        return done

    def push(self, local: Path, remote: str) -> None:
        """Copy a file to the phone.

        Raises:
            PhoneLost: the phone went away meanwhile.
            PruneError: the phone is full, or refuses the file.
        """
        size = local.stat().st_size
        doing = f"copying {local.name} to it"
        timeout_s = _SHORT_S + size / _SIZE_PER_S
        done = self._run("push", str(local.absolute()), remote, timeout_s=timeout_s, doing=doing)
        if done.code == 0:
            return
        self.check_there(doing)
        raise _not_copied(local, size, _last_line(done))

    def pull(self, remote: str) -> bytes:
        """Return the content of a file on the phone.

        Raises:
            PhoneLost: the phone went away meanwhile.
            PruneError: it cannot be read.
        """
        doing = f"copying {remote} from it"
        with files.temporary_folder() as folder:
            local = folder / "pulled"
            done = self._run("pull", remote, str(local), timeout_s=10 * _SHORT_S, doing=doing)
            if done.code:
                self.check_there(doing)
                raise PruneError(f"copy {remote} from the phone", _last_line(done), "try again")
            return local.read_bytes()

    def check_there(self, doing: str) -> None:
        """Raise `PhoneLost` if the phone is not there any more."""
        state = run_adb([*self.command("get-state")], _SHORT_S)
        if state is None or state.code or state.out.strip() != "device":
            how = _last_line(state) if state is not None else "adb does not answer"
            raise self._lost(doing, how)

    def _run(self, *words: str, timeout_s: float, doing: str) -> Done:
        done = run_adb(self.command(*words), timeout_s)
        if done is None:
            raise self._lost(doing, f"no answer within {timeout_s:.0f} s")
        return done

    def _lost(self, doing: str, how: str) -> PhoneLost:
        return PhoneLost(
            ASKED,
            f"the phone {self.serial} went away while {doing}: {how}",
            "plug it in again, keep it unlocked, try another cable or port; then run this again",
        )


def run_adb(command: Sequence[str], timeout_s: float) -> Done | None:
    """Run adb to its end; None if it does not end in time.

    It runs in a session of its own: Ctrl-C in a terminal reaches this program alone, which ends it.
    """
    try:
        done = subprocess.run(
            list(command),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            start_new_session=sys.platform != "win32",
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError as error:
        raise PruneError(
            ASKED, f"{command[0]} cannot be run: {error.strerror}", "install adb anew"
        ) from error
    return Done(done.returncode, done.stdout, done.stderr)


def _not_copied(local: Path, size: int, how: str) -> PruneError:
    asked = f"copy {local.name} ({size:,} bytes) to the phone"
    if "No space left" in how:
        return PruneError(asked, f"the phone is full: {how}", "free some space on the phone")
    return PruneError(asked, how, "see whether `adb push` works for another file")


def _last_line(done: Done) -> str:
    """Return adb's last word on an error; of a push that failed it may also say "1 file pushed"."""
    lines = [line.strip() for line in (done.out + "\n" + done.err).splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line]
    return (errors or lines or [f"adb ended with {done.code}"])[-1]
