"""Measured runs as terminal tables, JSON, and one self-contained HTML page."""

from __future__ import annotations

from tfprune.checks import Check
from tfprune.reports.comparison import (
    Comparison,
    EnergyEstimate,
    ReportedLayer,
    ReportedModel,
)
from tfprune.reports.html import report
from tfprune.reports.points import PredictedLatency, SensitivityPoint, Trial
from tfprune.reports.record import Epoch, KernelZeros, ModelRow, RunReport
from tfprune.reports.tables import summary_table

__all__ = [
    "Check",
    "Comparison",
    "EnergyEstimate",
    "Epoch",
    "KernelZeros",
    "ModelRow",
    "PredictedLatency",
    "ReportedLayer",
    "ReportedModel",
    "RunReport",
    "SensitivityPoint",
    "Trial",
    "report",
    "summary_table",
]
