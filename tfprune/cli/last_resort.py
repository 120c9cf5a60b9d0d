"""What no room has told in its own words: the system's errors, signals, and odd streams."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

from tfprune.errors import FileError, PruneError, first_line

_SIGNALS = ("SIGTERM", "SIGHUP")


class Ended(BaseException):
    """A signal asks this process to end; on its way out it closes what is open.

    Args:
        number: The signal's number.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(signal.Signals(number).name)


@contextlib.contextmanager
def ends_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `Ended`, so that children end and temporary folders go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _SIGNALS if name in signal.__dict__]
    # What a caller handles or ignores (nohup) stays as it is.
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)


def sound_streams() -> None:
    """See to it that printing never fails for a letter, nor for a stream that was closed."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_output() -> None:
    """Send what is still to be printed nowhere: Python would fail on it again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_words(error: Exception, verb: str) -> PruneError | None:
    """Return what the system or TensorFlow says as asked, found and fix; None for a bug of ours.

    Example:
        >>> print(in_words(OSError(28, "No space left on device"), "convert"))
        asked: tfprune convert
        found: No space left on device
        fix: check the path, its rights and the free space, of TMPDIR too
    """
    asked = f"tfprune {verb}"
    if isinstance(error, MemoryError):
        fix = "end other programs, or take a smaller model or less data"
        return PruneError(asked, "memory ran out", fix)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        fix = "check the path, its rights and the free space, of TMPDIR too"
        return FileError(asked, (error.strerror or first_line(error)) + where, fix)
    if isinstance(error, UnicodeError):
        fix = "set PYTHONIOENCODING=utf-8, and name files in UTF-8"
        return PruneError(asked, f"a text cannot be encoded: {first_line(error)}", fix)
    if _is_of_tensorflow(error):
        fix = "check the free space and memory; --help tells what the command takes"
        return PruneError(asked, f"TensorFlow stopped: {first_line(error)}", fix)
    return None


def _is_of_tensorflow(error: Exception) -> bool:
    if "tensorflow" not in sys.modules:
        return False
    import tensorflow as tf

    return isinstance(error, tf.errors.OpError)
