"""What a `Runner` says when it is asked for the impossible, or its child fails."""

from __future__ import annotations

import os
from collections.abc import Sequence

from tfprune.emulation.wholeness import starts
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
        return FileError(asked, error, _fix_of_load(error))
    return PruneError(asked, error, "run it with xnnpack=False to see if the delegate is the cause")


def _fix_of_load(error: str) -> str:
    """Return what helps with a file that does not load: nothing in it, where an op is foreign."""
    if "unresolved custom op" in error or "Select TensorFlow op" in error:
        return (
            "replace the op by one that TensorFlow Lite has, or run it in an app that brings its "
            "kernel: `tfprune doctor` names it; another conversion alone would change nothing"
        )
    return "check that it is a whole .tflite file, or convert the model again"


def out_of_memory(asked: str, how: str) -> PruneError:
    """Build the error for a file that wants more memory than its size allows."""
    found = f"a file of its size is given too little memory for it: {how}"
    return PruneError(asked, found, f"if you trust it, set {VARIABLE}=8, or what it may take")


def died(verb: str, asked: str, how: str, launcher: Sequence[str]) -> PruneError:
    """Build the error for a child that crashed, was killed, or hung."""
    if "bad_alloc" in how:
        return out_of_memory(asked, how)
    found = f"the interpreter's process died: {how}"
    emulated = any("qemu-" in word for word in launcher)
    if emulated and verb in ("belong", "load") and not starts(launcher):
        found = f"the emulated Python does not start, whatever the file: {how}"
        return ProcessDied(asked, found, "tfprune setup-arm64 --force")
    if verb in ("belong", "load"):
        return ProcessDied(asked, found, "the file may be truncated or damaged: convert it again")
    return ProcessDied(asked, found, "try xnnpack=False, another runtime, or a larger timeout_s")


def missing(asked: str, runtime: str, found: str) -> MissingExtra:
    """Build the error for a runtime that is not installed, with the command that installs it."""
    package = "ai-edge-litert" if runtime == "auto" else runtime
    return MissingExtra(asked, found, f"pip install {package}")
