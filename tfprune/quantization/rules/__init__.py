"""Rules: how each kind of layer computes in int8."""

from tfprune.quantization.rules.finding import find_rule
from tfprune.quantization.rules.rule import FLOAT, LEARNED, MIXED, MOVED, Int8Rule

__all__ = ["FLOAT", "LEARNED", "MIXED", "MOVED", "Int8Rule", "find_rule"]
