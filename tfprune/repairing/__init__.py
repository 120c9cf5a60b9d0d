"""Repair without training: kernels refitted by least squares to what the original computes."""

from tfprune.repairing.recalibrate import recalibrate
from tfprune.repairing.refitting import refit
from tfprune.repairing.repaired import repaired
from tfprune.repairing.samples import Samples
from tfprune.repairing.walking import Pair, Sliced
from tfprune.repairing.zeros import Zeros

__all__ = ["Pair", "Samples", "Sliced", "Zeros", "recalibrate", "refit", "repaired"]
