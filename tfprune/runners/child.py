"""A child process that answers JSON lines, and is never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from tfprune import files
from tfprune.errors import PruneError

_TAIL_LINES = 8


class ChildDied(Exception):
    """The child ended or hung instead of answering; the message says how."""


class Child:
    """A process with a folder of its own for files; both end with `close`, at the latest at exit.

    Args:
        command: The program and its arguments.
        timeout_s: How long one answer may take, in seconds.

    Example:
        >>> import sys
        >>> echo = "import sys; [print(line, end='', flush=True) for line in sys.stdin]"
        >>> with Child([sys.executable, "-c", echo], timeout_s=60) as child:
        ...     child.ask({"do": "nothing"})
        {'do': 'nothing'}
    """

    def __init__(self, command: Sequence[str], timeout_s: float) -> None:
        self._timeout_s, self._is_direct = timeout_s, command[0] == sys.executable
        self.folder = files.make_folder()
        self._stderr = self.folder / "stderr.txt"
        try:
            # A session of its own: Ctrl-C in a terminal reaches the parent alone, which cleans up.
            with self._stderr.open("wb") as stderr:
                self._process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    encoding="utf-8",
                    start_new_session=True,
                )
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise PruneError(
                f"start {command[0]}", error.strerror or str(error), "check that it can be executed"
            ) from error
        self._answers: queue.Queue[str] = queue.Queue()
        # Without a reference to self, so that a forgotten child can be collected and ended.
        threading.Thread(
            target=_pump, args=(self._process.stdout, self._answers), daemon=True
        ).start()
        self._end = weakref.finalize(self, _end, self._process, self.folder)

    @property
    def pid(self) -> int:
        """The child's process number."""
        return self._process.pid

    @property
    def home(self) -> dict[str, Any]:
        """What it must know to end with this process: its folder, and who its parent should be.

        By the time it asks the system, its parent may have ended. Behind a launcher it is not told.
        """
        parent = os.getpid() if self._is_direct else None
        return {"folder": str(self.folder), "parent": parent}

    def ask(self, request: dict[str, Any], times: int = 1) -> dict[str, Any]:
        """Send one request and return its answer.

        Args:
            request: What the child understands.
            times: How many times the usual time it may take.

        Raises:
            ChildDied: the child crashed, was killed, or did not answer in time.
        """
        if not self._end.alive:
            raise ChildDied("it was closed before")
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=times * self._timeout_s)
        except queue.Empty:
            line, reason = "", f"it did not answer within {times * self._timeout_s:g} s"
        except OSError:
            line, reason = "", self._how_it_ended()
        else:
            reason = "" if line else self._how_it_ended()
        if reason:
            tail = self._tail()
            self.close()
            raise ChildDied(reason + tail)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return "it closed its output"
        if code < 0:
            return f"it was ended by {signal.Signals(-code).name}"
        return f"it ended with exit code {code}"

    def _tail(self) -> str:
        lines = self._stderr.read_text(encoding="utf-8", errors="replace").splitlines()
        return "; it said:\n" + "\n".join(lines[-_TAIL_LINES:]) if lines else ""

    def close(self) -> None:
        """End the process and remove its folder; safe to call twice."""
        self._end()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _pump(lines: IO[str], answers: queue.Queue[str]) -> None:
    with lines:
        for line in lines:
            answers.put(line)
    answers.put("")


def _end(process: subprocess.Popen[str], folder: Path) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)
