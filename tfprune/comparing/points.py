"""Points of the report's pictures, from what the verbs found."""

from __future__ import annotations

from collections.abc import Sequence

from tfprune.curves import LatencyTable, Sensitivity
from tfprune.reports.points import PredictedLatency, SensitivityPoint


def sensitivity_points(
    found: Sensitivity | Sequence[SensitivityPoint],
) -> tuple[SensitivityPoint, ...]:
    """Return a point for each cell that the widths are chosen by."""
    if not isinstance(found, Sensitivity):
        return tuple(found)
    return tuple(
        SensitivityPoint(layer=cell.group, ratio=cell.ratio, metric=cell.metrics[found.metric])
        for cell in found.cells
        if cell.repaired == found.repaired
    )


def latency_points(
    found: LatencyTable | Sequence[PredictedLatency],
) -> tuple[PredictedLatency, ...]:
    """Return a point for each whole file that a table was fitted to."""
    if not isinstance(found, LatencyTable):
        return tuple(found)
    return tuple(
        PredictedLatency(
            label=one.name,
            predicted=found.predict(one.ops),
            measured=one.measured,
            unit=found.unit,
            fitted=True,
        )
        for one in found.whole
    )
