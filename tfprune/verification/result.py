"""What a verification returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tfprune.checks import Check
from tfprune.notes import Note
from tfprune.tables import Shown


@dataclass(frozen=True, kw_only=True)
class KernelCheck:
    """The zeros of one kernel before and after conversion.

    Args:
        kernel: Its Keras name.
        tensor: The TFLite tensor's name, or several joined by `;`.
        zeros_before: Zeros in the Keras kernel.
        zeros_after: Zeros in the file, at least as many unless something was lost.
        size: The number of values.
        lost: Zeros of Keras that are no zeros in the file; None where the file stores the
            kernel in parts, so that only counts can be compared.
    """

    kernel: str
    tensor: str
    zeros_before: int
    zeros_after: int
    size: int
    lost: int | None

    @property
    def passed(self) -> bool:
        """Whether every zero survived."""
        return self.zeros_after >= self.zeros_before and not self.lost


@dataclass(frozen=True, kw_only=True)
class VerifyResult(Shown):
    """All checks of one file.

    Args:
        path: The file.
        precision: How it computes: `"float32"`, `"float16"`, `"dynamic"`, `"int4"`, `"int8"`,
            `"int16x8"`.
        checks: One for each output and way of running.
        kernels: One for each kernel that could be found in the file.
        notes: What could not be checked, and why.
        culprit: The first layer or kernel that differs, if a check failed.
        target: Where the file ran, `"host"`, or e.g. `"arm64"`.
        how: How it ran there, `"natively"` or the emulator and the core.
        advice: What to do if a check failed, else `""`.
    """

    path: str
    precision: str
    checks: tuple[Check, ...]
    kernels: tuple[KernelCheck, ...]
    notes: tuple[Note, ...] = field(default=())
    culprit: str | None = None
    target: str = "host"
    how: str = "natively"
    advice: str = ""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(c.passed for c in self.checks) and all(k.passed for k in self.kernels)

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.verification.table import verify_table

        return verify_table(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, dicts and numbers, ready for `json.dumps`."""
        kernels = [{**asdict(k), "passed": k.passed} for k in self.kernels]
        return {**asdict(self), "kernels": kernels, "passed": self.passed}
