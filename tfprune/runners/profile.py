"""Per-op times of a .tflite file, where the runtime can measure them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfprune.notes import Note
from tfprune.runners.child import Child, ChildDied
from tfprune.runners.tensors import TensorSpec, save_arrays

PROFILER = Path(__file__).with_name("op_profile.py")


@dataclass(frozen=True)
class OpTime:
    """The time of one op, in the order in which they run.

    Args:
        name: What ran: a kernel of XNNPACK (`"Convolution (NHWC, F32) IGEMM"`) or a builtin op.
        median_us: Median over the runs, in whole microseconds as the runtime counts them.
        min_us: The fastest run.
    """

    name: str
    median_us: float
    min_us: float


@dataclass(frozen=True)
class Profile:
    """Per-op times, or the note that says why there are none."""

    ops: tuple[OpTime, ...]
    notes: tuple[Note, ...] = ()


def profile_ops(
    path: str,
    inputs: Sequence[np.ndarray],
    specs: Sequence[TensorSpec],
    *,
    threads: int,
    xnnpack: bool,
    runs: int,
    memory: int,
    timeout_s: float,
    launcher: Sequence[str],
) -> Profile:
    """Time each op with the profiler of ai-edge-litert's C API, in a process of its own.

    Python's `Interpreter` has no profiler, so this runs the same file through LiteRT's
    CompiledModel; the kernels are the same, the total differs by its buffer handling.

    Args:
        path: The file.
        inputs: One raw array per input, as the file takes them.
        specs: The file's inputs.
        threads: Threads of the interpreter.
        xnnpack: Whether XNNPACK may take ops.
        runs: How often to run; the times are medians over these.
        memory: Bytes that it may take beyond what Python does.
        timeout_s: Seconds that all of it may take.
        launcher: The command that runs a Python script.

    Returns:
        The ops, or none of them and a note with the reason.
    """
    request: dict[str, Any] = {
        "path": path,
        "threads": threads,
        "xnnpack": xnnpack,
        "runs": runs,
        "names": [spec.signature or spec.name for spec in specs],
    }
    with Child([*launcher, str(PROFILER)], timeout_s) as child:
        request |= {**child.home, "memory": memory}
        request["inputs"] = str(child.folder / "inputs.npy")
        save_arrays(request["inputs"], inputs)
        try:
            answer = child.ask(request)
        except ChildDied as death:
            return _none(path, f"the profiler's process died: {death}")
    if "error" in answer:
        return _none(path, f"the profiler failed: {answer['error']}")
    ops = [OpTime(name, statistics.median(us), min(us)) for name, us in answer["ops"]]
    return Profile(tuple(ops)) if ops else _none(path, "the profiler recorded no op")


def _none(path: str, reason: str) -> Profile:
    return Profile((), (Note(path, f"no per-op profile: {reason}"),))
