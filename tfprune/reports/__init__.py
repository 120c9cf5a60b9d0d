"""Measured runs as terminal tables, JSON, and one self-contained HTML page."""

from __future__ import annotations

from tfprune.reports.doctor_tables import doctor_table
from tfprune.reports.html import report
from tfprune.reports.plan_tables import structured_table
from tfprune.reports.quantization_tables import quantization_errors_table
from tfprune.reports.record import Check, Epoch, KernelZeros, ModelRow, RunReport
from tfprune.reports.tables import (
    benchmark_table,
    convert_table,
    inspection_table,
    summary_table,
    verify_table,
)

__all__ = [
    "Check",
    "Epoch",
    "KernelZeros",
    "ModelRow",
    "RunReport",
    "benchmark_table",
    "convert_table",
    "doctor_table",
    "inspection_table",
    "quantization_errors_table",
    "report",
    "structured_table",
    "summary_table",
    "verify_table",
]
