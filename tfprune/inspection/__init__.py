"""What is in a model: kernels, zeros and bytes, of a Keras model or of a .tflite file."""

from __future__ import annotations

from tfprune.inspection.inspecting import inspect
from tfprune.inspection.records import Inspection, KernelRow, Totals

__all__ = ["Inspection", "KernelRow", "Totals", "inspect"]
