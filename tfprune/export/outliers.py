"""What a normalization reads in int8 steps that are large beside the spread it divides by."""

from __future__ import annotations

import math

from tfprune.export.normalizations import normalizations
from tfprune.export.ranges import Ranges
from tfprune.tflite.model import Op, TFLiteModel

OUTLIERS = (
    "float in this int8 file: a few of its values are so large that one step of int8 is more than "
    "the spread of the others, by which a normalization then divides"
)
# Noise of rounding, step / sqrt(12), over the smallest standard deviation of what is normalized.
# MiniLM has 0.04 to 0.09 where int8 does no harm, 0.18 to 0.45 behind the outliers of its blocks.
_NOISE = 0.1
_PASSES = ("ADD", "SUB", "RESHAPE")


def too_coarse(tflite: TFLiteModel, ranges: Ranges) -> tuple[Op, ...]:
    """Return the ops whose outputs int8 would spoil for the normalization that reads them.

    They are residual sums and the layers that write into them, where single channels are a
    hundred times as large as the rest (Dettmers et al., arXiv:2208.07339, section 4).

    Args:
        tflite: A calibrated float file.
        ranges: Its ranges.
    """
    makers = {index: op for op in tflite.ops for index in op.outputs}
    found: dict[int, Op] = {}
    for ops in normalizations(tflite):
        inside = {index for op in ops for index in op.outputs}
        [root] = [op for op in ops if op.name == "RSQRT"]
        means = [op for op in ops if op.name in ("MEAN", "SUM")]
        lowest = ranges.of(root.inputs[0])
        if lowest is None or lowest[0] <= 0:
            continue
        spread, reads = math.sqrt(lowest[0]), [means[0].inputs[0]]
        while reads:
            index = reads.pop()
            op, reach = makers.get(index), ranges.of(index)
            if op is None or reach is None or index in inside:
                continue
            if (reach[1] - reach[0]) / 255 / math.sqrt(12) < _NOISE * spread:
                continue
            found[op.index] = op
            if op.name in _PASSES:
                reads += [i for i in op.inputs if i >= 0 and not tflite.tensors[i].is_constant]
    return tuple(found.values())
