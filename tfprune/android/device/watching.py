"""Follow a runner on the phone: its progress, its silence, its end."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tfprune.progress import track

SILENCE_S = 60.0
"""How long the phone may say nothing at all; the runner speaks every 2 s."""

STEP_S = 1200.0
"""How long one step of one model may take: to load, to warm up, or one round."""

_STEP, _ALIVE = "tfprune: ", "tfprune: running"


@dataclass(frozen=True)
class Followed:
    """How a runner ended.

    Args:
        code: The exit status of adb's shell, or -1 if this program ended it.
        out: What the runner printed.
        said: What it and LiteRT said besides.
        stopped: Why this program ended it, or `""`.
    """

    code: int
    out: str
    said: tuple[str, ...]
    stopped: str


def follow(
    command: Sequence[str], steps: int, silence_s: float = SILENCE_S, step_s: float = STEP_S
) -> Followed:
    """Run a command of adb's shell to its end and show its progress.

    Args:
        command: The command.
        steps: How many steps it will tell of; none shows no progress.
        silence_s: After how many seconds without a word it is ended.
        step_s: After how many seconds without a step.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out,
        subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=sys.platform != "win32",
        ) as process,
    ):
        follower = _Follower(process, silence_s, step_s)
        try:
            done = follower.steps()
            for _ in track(done, "timing on the phone", steps) if steps else done:
                pass
            code = process.wait()
        finally:
            process.kill()
        out.seek(0)
        stopped = follower.stopped
        return Followed(-1 if stopped else code, out.read(), tuple(follower.said), stopped)


class _Follower:
    """Reads what a process says on standard error, and ends it when that stops."""

    def __init__(self, process: subprocess.Popen[str], silence_s: float, step_s: float) -> None:
        self.process, self.silence_s, self.step_s = process, silence_s, step_s
        self.said: list[str] = []
        self.stopped = ""

    def steps(self) -> Iterator[None]:
        """Yield at each step that it tells of."""
        since = time.monotonic()
        while line := self._line():
            if not line.startswith(_STEP):
                self.said.append(line.strip())
            elif not line.startswith(_ALIVE):
                since = time.monotonic()
                yield
            elif time.monotonic() - since > self.step_s:
                self._stop(f"one step took longer than {self.step_s:g} s")

    def _line(self) -> str:
        assert self.process.stderr is not None
        reason = f"no word for {self.silence_s:g} s"
        timer = threading.Timer(self.silence_s, self._stop, [reason])
        timer.start()
        try:
            return self.process.stderr.readline()
        finally:
            timer.cancel()

    def _stop(self, reason: str) -> None:
        self.stopped = self.stopped or reason
        self.process.kill()
