"""What a benchmark on a phone returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfprune.bench import BenchmarkResult, BenchmarkRow
from tfprune.checks import Check


@dataclass(frozen=True, kw_only=True)
class PhoneRow(BenchmarkRow):
    """One model's numbers on the phone.

    Args:
        delegate: What ran its ops, and whether all of them.
        checks: Its outputs against this machine's, one for each.
    """

    delegate: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def outputs_agree(self) -> bool:
        """Whether every output is what this machine computes."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True)
class PhoneResult(BenchmarkResult):
    """All rows; `host` describes the phone: see `tfprune.android.device.description`.

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
