"""What the doctor says, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from tfprune.errors import PruneError
from tfprune.runtimes import SPARSE_RULES
from tfprune.tables import Shown

SAFE, DENSE, UNSAFE, UNKNOWN = "safe", "dense", "unsafe", "unknown"
UNLOADABLE = "unloadable"

TARGETS = {
    "android-arm64": "ARM64 with dot product: phones since about 2018, Cortex-A55 and A76 on",
    "android-arm64-nodot": "ARM64 without dot product: Cortex-A53, A72, A73",
    "x86": "x86-64 with AVX: PCs",
    "x86-noavx": "x86-64 without AVX: the Android emulator's default CPU, old Atoms",
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that holds a file back or breaks it.

    Args:
        rule: The name of a rule in `tfprune.runtimes.SPARSE_RULES`.
        subject: The op, tensor or file it is about.
        found: What is there.
        fix: The change that would fix it.
        source: Where the rule is known from.
    """

    rule: str
    subject: str
    found: str
    fix: str
    source: str

    @classmethod
    def of(cls, rule: str, subject: str, found: str) -> Finding:
        """Return a finding with the fix and the source of its rule."""
        known = SPARSE_RULES[rule]
        return cls(rule=rule, subject=subject, found=found, fix=known.fix, source=known.source)

    def __str__(self) -> str:
        return f"{self.subject} {self.found} (rule {self.rule!r})"


@dataclass(frozen=True)
class Verdict:
    """What a file does on one target.

    Args:
        target: One of `TARGETS`.
        verdict: `"safe"`: sparse kernels run and compute rightly; `"dense"`: right, but no sparse
            kernel runs; `"unsafe"`: computes wrongly, or does not load there; `"unloadable"`: no
            LiteRT loads it as it is; `"unknown"`: the rules don't cover it, to be treated as
            unsafe.
        reason: Why, in a sentence.
        rule: The rule that decides it; None if none is broken.
    """

    target: str
    verdict: str
    reason: str
    rule: str | None = None

    @property
    def right(self) -> bool:
        """Whether the file is known to load and to compute rightly."""
        return self.verdict in (SAFE, DENSE)


@dataclass(frozen=True, kw_only=True)
class OpKernels:
    """The kernels that run one op.

    Args:
        index: Its place in the file.
        op: Its kind, `"CONV_2D"`.
        name: What it computes.
        kernels: For each target `"sparse"`, `"int8"`, `"fp16"`, `"fp32"`, `"builtin"` (not
            delegated to XNNPACK), or `"at load"` (unpacks a constant once).
        note: Why it is builtin.
        graph: The graph it lies in; 0 is the main one.
    """

    index: int
    op: str
    name: str
    kernels: dict[str, str]
    note: str = ""
    graph: int = 0


@dataclass(frozen=True, kw_only=True)
class Diagnosis(Shown):
    """What a .tflite file will do, on each target.

    Args:
        subject: The file.
        verdicts: One for each target.
        ops: The kernels of each op.
        findings: What holds it back or breaks it, and what would fix that.
        runtime: The oldest TensorFlow Lite release that knows its ops.
        bytes: The size of the file.
    """

    subject: str
    verdicts: tuple[Verdict, ...]
    ops: tuple[OpKernels, ...]
    findings: tuple[Finding, ...]
    runtime: str
    bytes: int

    @property
    def verdict(self) -> str:
        """The verdict on the first target: Android phones, unless another one was asked for."""
        return self.verdicts[0].verdict

    @property
    def reason(self) -> str:
        """The reason of that verdict."""
        return self.verdicts[0].reason

    @property
    def safe(self) -> bool:
        """Whether it is known to load and to compute rightly on every target asked for."""
        return all(verdict.right for verdict in self.verdicts)

    def on(self, target: str) -> Verdict:
        """Return the verdict on one target."""
        check_target(target)
        return {v.target: v for v in self.verdicts}[target]

    def renamed(self, subject: str) -> Diagnosis:
        """Return the same diagnosis of something else."""
        return replace(self, subject=subject)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.diagnosis.table import doctor_table

        return doctor_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain lists, strings and numbers, ready for JSON."""
        return {"verdict": self.verdict, **asdict(self)}


def check_target(target: str) -> None:
    """Raise PruneError unless there is such a target."""
    if target not in TARGETS:
        raise PruneError(
            f"diagnose for {target!r}",
            "there is no such target",
            f"use one of {', '.join(map(repr, TARGETS))}",
        )
