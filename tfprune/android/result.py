"""What a benchmark on a phone returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfprune.bench import BenchmarkResult, BenchmarkRow


@dataclass(frozen=True)
class OutputCheck:
    """One output of one model, on the phone and on this machine, for the same inputs.

    Args:
        output: Its name in the signature.
        max_abs_error: Largest absolute difference.
        max_rel_error: The same over the largest value here.
        rms_rel_error: Root mean square difference over that of the values here.
        tolerance: What the relative error may be, by the file's precision.
        passed: Whether it is within that.
        detail: What else was seen, `""` if nothing.
    """

    output: str
    max_abs_error: float
    max_rel_error: float
    rms_rel_error: float
    tolerance: float
    passed: bool
    detail: str = ""


@dataclass(frozen=True)
class PhoneRow(BenchmarkRow):
    """One model's numbers on the phone.

    Args:
        delegate: What ran its ops, and whether all of them.
        checks: Its outputs against this machine's, one for each.
    """

    delegate: str = ""
    checks: tuple[OutputCheck, ...] = ()

    @property
    def outputs_agree(self) -> bool:
        """Whether every output is what this machine computes."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class PhoneResult(BenchmarkResult):
    """All rows; `host` describes the phone: see `tfprune.android.description`.

    Its keys `before` and `after` hold the state of battery and temperature around the timing.
    """

    rows: tuple[PhoneRow, ...]

    def tables(self) -> Any:
        """Return what `print` shows, for rich."""
        from tfprune.android.table import phone_table

        return phone_table(self)

    @property
    def passed(self) -> bool:
        """Whether every model computes on the phone what it computes here."""
        return all(row.outputs_agree for row in self.rows)
