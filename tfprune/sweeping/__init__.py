"""Sweeps: a recipe or a function for many values, here or on a cluster, as one table."""

from tfprune.sweeping.request import sweep
from tfprune.sweeping.result import SweepResult

__all__ = ["SweepResult", "sweep"]
