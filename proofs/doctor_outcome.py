"""What the doctor says of one variant, and what LiteRT really does with it under emulation."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from proofs.doctor_files import MODEL, Case
from tfprune import runners
from tfprune.diagnosis import Diagnosis, diagnose
from tfprune.emulation import find_target
from tfprune.tflite import read_tflite

_FILES = 20  # for one process
SCRIPT = Path(__file__).with_name("doctor_runs.py")


@dataclass(frozen=True)
class Outcome:
    """What the doctor said of one variant, and what happened.

    Args:
        variant: Its name.
        verdict: What the doctor said.
        rule: The rule it named.
        sparse_expected: How many ops it said run sparse.
        builtin_expected: How many ops it said run on builtin kernels; None if some run in a loop.
        loads: Whether the file loaded.
        error: The largest error relative to the largest output; None if it did not load.
        right: Whether that is within the tolerance of the variant's number format.
        sparse: How many sparse kernels ran; None if nobody could count.
        builtin: How many builtin kernels ran.
    """

    variant: str
    verdict: str
    rule: str
    sparse_expected: int
    builtin_expected: int | None
    loads: bool
    error: float | None = None
    right: bool = False
    sparse: int | None = None
    builtin: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether the doctor was right; "unknown" is never wrong, and counted elsewhere."""
        if self.verdict == "unknown":
            return True
        if self.verdict == "unloadable":
            return not self.loads
        if self.verdict == "unsafe":
            return not self.right
        if not self.right or (self.verdict == "safe") != bool(self.sparse_expected):
            return False
        counted = self.sparse is None or self.sparse == self.sparse_expected
        return counted and (
            None in (self.builtin, self.builtin_expected) or self.builtin == self.builtin_expected
        )


class Emulator:
    """One emulated process that runs file after file.

    A new one is started when it dies, and after some files: it grows by about 60 MB with each.

    Args:
        target: `"arm64"` or `"x86-noavx"`, as in `tfprune.emulation.find_target`.
    """

    def __init__(self, target: str) -> None:
        self.doctors_target = "android-arm64" if target == "arm64" else target
        folder = Path(runners.__file__).parent
        self._command = [*find_target(target).launcher, str(SCRIPT), str(folder)]
        self._process: subprocess.Popen[str] | None = None
        self._left = _FILES

    def run(self, case: Case, outputs: Path) -> dict[str, Any]:
        """Run one file; the answer holds `"error"` or `"kernels"`."""
        if self._left == 0:
            self.close()
        if self._process is None:
            self._left = _FILES
            self._process = subprocess.Popen(
                self._command, stdin=-1, stdout=-1, stderr=subprocess.DEVNULL, text=True
            )
        request = {"path": str(case.path), "inputs": str(case.inputs), "outputs": str(outputs)}
        self._left -= 1
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        if line := self._process.stdout.readline():
            answer: dict[str, Any] = json.loads(line)
            return answer
        code = self._process.wait()
        self._process = None
        return {"error": f"the process ended with {code}"}

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def hold(name: str, make: Callable[[Path], Case], emulator: Emulator, folder: Path) -> Outcome:
    """Return what the doctor says of a model, and what happened.

    What happened is kept in `folder` beside the file, and not repeated if it is there.
    """
    record = folder / "happened.json"
    if not record.exists():
        record.write_text(json.dumps(_happened(make, emulator, folder)))
    found = diagnose(read_tflite(folder / MODEL))
    return Outcome(**_said(name, found, emulator.doctors_target), **json.loads(record.read_text()))


def _happened(make: Callable[[Path], Case], emulator: Emulator, folder: Path) -> dict[str, Any]:
    case = make(folder)
    answer = emulator.run(case, folder / "outputs.npz")
    if "error" in answer:
        return {"loads": False}
    with np.load(folder / "outputs.npz") as arrays:
        error = _error([arrays[n] for n in arrays.files], case.expected)
    if case.compiled:
        [found] = answer["compiled"]
        [expected] = case.expected
        error = max(error, _error([np.reshape(found, expected.shape)], [expected]))
    right = error <= case.tolerance
    return {"loads": True, "error": error, "right": right, **_counts(answer["kernels"])}


def _said(name: str, found: Diagnosis, target: str) -> dict[str, Any]:
    verdict = found.on(target)
    kinds = [op.kernels[target] for op in found.ops]
    loops = any(op.graph for op in found.ops)  # the body of a loop runs more than once
    return {
        "variant": name,
        "verdict": verdict.verdict,
        "rule": verdict.rule or "",
        "sparse_expected": kinds.count("sparse"),
        "builtin_expected": None if loops else kinds.count("builtin"),
    }


def _counts(kernels: list[str] | None) -> dict[str, int | None]:
    """Count the kernels: XNNPACK's names hold a type, `(NCHW, F32)`, or are words."""
    if kernels is None:
        return {"sparse": None, "builtin": None}
    builtin = [name for name in kernels if re.fullmatch(r"[A-Z][A-Z0-9_]*", name)]
    return {"sparse": sum("SPMM" in name for name in kernels), "builtin": len(builtin)}


def _error(found: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    worst = 0.0
    for a, b in zip(found, expected, strict=True):
        if a.shape != b.shape or not np.isfinite(a).all():
            return float("inf")
        worst = max(worst, float(np.abs(a - b).max() / np.abs(b).max()))
    return worst
