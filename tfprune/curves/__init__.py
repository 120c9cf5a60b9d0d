"""What was measured of a model's widths, as data: loss against ratio, time against width."""

from tfprune.curves.latency import LatencyTable, OpTimes, WholeFile
from tfprune.curves.sensitivity import Sensitivity, SensitivityCell

__all__ = ["LatencyTable", "OpTimes", "Sensitivity", "SensitivityCell", "WholeFile"]
