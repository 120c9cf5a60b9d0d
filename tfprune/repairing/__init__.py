"""Repair without training: kernels refitted by least squares to what the original computes."""

from tfprune.repairing.refitting import refit
from tfprune.repairing.samples import Samples
from tfprune.repairing.walking import Pair

__all__ = ["Pair", "Samples", "refit"]
