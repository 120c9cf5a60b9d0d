"""Scores + sparsity → mask: which weights may be non-zero.

A pattern sees a kernel as (…spatial, in, out), its scores as float32 of that shape, of any sign,
and returns a boolean mask of that shape. The number of survivors is exact: ties go to the weight
that comes first in C order. (tfmot keeps every weight that ties with the last survivor.)
"""

from tfprune.patterns.block import Block
from tfprune.patterns.nm import NM
from tfprune.patterns.protocol import Pattern, Shape
from tfprune.patterns.threshold import keep_highest

__all__ = ["NM", "Block", "Pattern", "Shape", "keep_highest"]
