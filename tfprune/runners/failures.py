"""What a `Runner` says when it is asked for the impossible, or its child fails."""

from __future__ import annotations

import os

from tfprune.errors import FileError, MissingExtra, ProcessDied, PruneError
from tfprune.runners.limits import VARIABLE

RUNTIMES = ("auto", "ai-edge-litert", "tflite-runtime")


def check_file(path: str) -> None:
    """Refuse a missing file."""
    if not os.path.isfile(path):
        raise FileError(f"load {path}", "there is no such file", "check the path")


def check_arguments(path: str, threads: int, runtime: str) -> None:
    """Refuse a missing file, no threads, or an unknown runtime."""
    check_file(path)
    if threads < 1:
        raise PruneError(f"threads={threads}", "at least one thread is needed", "threads=1")
    if runtime not in RUNTIMES:
        raise PruneError(f"runtime={runtime!r}", "unknown", f"one of {', '.join(RUNTIMES)}")


def failed(verb: str, asked: str, error: str) -> PruneError:
    """Build the error for a request that the interpreter refused."""
    if verb == "load":
        return FileError(
            asked, error, "check that it is a whole .tflite file, or convert the model again"
        )
    return PruneError(asked, error, "run it with xnnpack=False to see if the delegate is the cause")


def out_of_memory(asked: str, how: str) -> PruneError:
    """Build the error for a file that wants more memory than its size allows."""
    found = f"a file of its size is given too little memory for it: {how}"
    return PruneError(asked, found, f"if you trust it, set {VARIABLE}=8, or what it may take")


def died(verb: str, asked: str, how: str) -> PruneError:
    """Build the error for a child that crashed, was killed, or hung."""
    if "bad_alloc" in how:
        return out_of_memory(asked, how)
    found = f"the interpreter's process died: {how}"
    if verb == "load":
        return ProcessDied(asked, found, "the file may be truncated or damaged: convert it again")
    return ProcessDied(asked, found, "try xnnpack=False, another runtime, or a larger timeout_s")


def missing(asked: str, runtime: str, found: str) -> MissingExtra:
    """Build the error for a runtime that is not installed, with the command that installs it."""
    package = "ai-edge-litert" if runtime == "auto" else runtime
    return MissingExtra(asked, found, f"pip install {package}")
