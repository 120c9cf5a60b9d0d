"""From a model to the fastest file within a floor of accuracy, in one call."""

from tfprune.compressing.rehearsing import Rehearsal, rehearse
from tfprune.compressing.request import compress
from tfprune.compressing.result import CompressResult

__all__ = ["CompressResult", "Rehearsal", "compress", "rehearse"]
