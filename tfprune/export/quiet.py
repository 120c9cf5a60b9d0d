"""Keep TensorFlow's converter from writing its log into the user's terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator

_NAMES = ("tensorflow", "absl")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what C++ code writes to file descriptor 2, and Python's warnings, for a while.

    `sys.stderr` itself keeps its terminal, so progress bars stay visible. Errors still raise.
    Standard error and the warnings are the whole process's: only its main thread quiets them, and
    the last to leave puts everything back. In other threads this does nothing.

    Example:
        >>> with quiet():
        ...     warnings.warn("not seen")
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _process.enter()
    try:
        yield
    finally:
        _process.leave()


class _Process:
    """Who counts how often this process is asked to be quiet, and does it once."""

    def __init__(self) -> None:
        self._asked = 0
        self._stack = contextlib.ExitStack()

    def enter(self) -> None:
        if self._asked == 0:
            self._stack.enter_context(_logs_dropped())
            self._stack.enter_context(_native_stderr_dropped())
        self._asked += 1

    def leave(self) -> None:
        self._asked -= 1
        if self._asked == 0:
            self._stack.close()


_process = _Process()


@contextlib.contextmanager
def _logs_dropped() -> Iterator[None]:
    levels = {name: logging.getLogger(name).level for name in _NAMES}
    handlers = list(logging.root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in levels:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            # One that Python added meanwhile would write to a stream that is closed afterwards.
            logging.root.handlers[:] = handlers


@contextlib.contextmanager
def _native_stderr_dropped() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # the process has no standard error to protect
        yield
        return
    # Another thread may write to what it found as `sys.stderr` later: it closes with its last user.
    terminal = os.fdopen(kept, "w", closefd=False)
    weakref.finalize(terminal, os.close, kept)
    stderr, sink = sys.stderr, os.open(os.devnull, os.O_WRONLY)
    if _writes_to_descriptor_2(stderr):
        stderr.flush()
        sys.stderr = terminal
    os.dup2(sink, 2)
    os.close(sink)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        if sys.stderr is terminal:
            sys.stderr = stderr
        with contextlib.suppress(OSError, ValueError):
            terminal.flush()


def _writes_to_descriptor_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
