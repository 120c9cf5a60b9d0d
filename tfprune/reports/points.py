"""Points of a comparison's pictures: trials, sensitivities, predicted latencies."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One model that was tried on the way, kept or not.

    Args:
        label: What it was: `"half the filters, l2"`.
        metric: Its value of the comparison's `metric`; None if it was never measured.
        median_ms: Milliseconds of one inference on the comparison's `target`.
        bytes: The size of its file.
        kept: Whether the search went on with it.
        reason: Why, or why not.
    """

    label: str
    metric: float | None = None
    median_ms: float | None = None
    bytes: int | None = None
    kept: bool = False
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SensitivityPoint:
    """What the metric falls to when one layer alone is pruned.

    Args:
        layer: The layer or group.
        ratio: The share of its units or weights that was removed.
        metric: The value of the comparison's `metric` then.
    """

    layer: str
    ratio: float
    metric: float


@dataclass(frozen=True, kw_only=True)
class PredictedLatency:
    """What a latency table said of a file, and what was measured.

    Args:
        label: The file.
        predicted: By the table.
        measured: In the same unit.
        unit: `"ms"` or `"instructions"`.
        fitted: Whether the table was fitted to this file; else it was predicted before it was made.
    """

    label: str
    predicted: float
    measured: float
    unit: str
    fitted: bool = False
