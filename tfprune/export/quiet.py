"""Keep TensorFlow's converter from writing its log into the user's terminal."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what C++ code writes to file descriptor 2, and Python's warnings, for a while.

    `sys.stderr` itself keeps its terminal, so progress bars stay visible. Errors still raise.
    """
    levels = {name: logging.getLogger(name).level for name in ("tensorflow", "absl")}
    handlers = list(logging.root.handlers)
    with warnings.catch_warnings(), _native_stderr_dropped():
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
    with os.fdopen(kept, "w", closefd=True) as terminal, tempfile.TemporaryFile() as sink:
        stderr = sys.stderr
        if _writes_to_descriptor_2(stderr):
            stderr.flush()
            sys.stderr = terminal
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            terminal.flush()
            os.dup2(kept, 2)
            sys.stderr = stderr


def _writes_to_descriptor_2(stream: object) -> bool:
    try:
        return stream.fileno() == 2  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False
