"""How far a converted model may be from Keras: one number for each precision, with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from tfprune.tflite.model import TFLiteModel


@dataclass(frozen=True)
class Tolerance:
    """A limit on the error of an output.

    Args:
        limit: The share of Keras' output that the error may reach.
        by_rms: Compare root mean squares, else the largest error with the largest value.
        reason: Where the number comes from.
    """

    limit: float
    by_rms: bool
    reason: str


TOLERANCES = {
    "float32": Tolerance(
        1e-4,
        False,
        "only the order of sums differs: 6e-8 a rounding, sums of some thousand terms, "
        "some dozen layers",
    ),
    "float16": Tolerance(
        1e-2, False, "weights keep 11 bits: 5e-4 each at most, over some dozen layers"
    ),
    "dynamic": Tolerance(
        0.1,
        True,
        "weights and, on the fly, activations keep 8 bits: 0.4 % of the largest value each "
        "time; errors are random, so their root mean square tells, not the worst value",
    ),
    "int4": Tolerance(
        0.4,
        True,
        "weights keep 4 bits: a step is 1/7 of a channel's largest value, so that each layer's "
        "weights are off by about an eighth of their root mean square, and layers add up",
    ),
    "int16x8": Tolerance(0.1, True, "weights keep 8 bits as in dynamic, activations 16"),
    "int8": Tolerance(
        0.2,
        True,
        "as dynamic, with activation ranges fixed by calibration, so that values beyond them "
        "are clipped (a small trained MobileNet is off by 0.03 on its digits, 0.08 on noise); "
        "plus one step of the output, below which int8 can't see",
    ),
}

_SAME = "the same integers, other orders and roundings of float steps"
SAME_FILE = {
    **TOLERANCES,
    "dynamic": Tolerance(0.05, True, _SAME + "; activations are rounded on the fly"),
    "int4": Tolerance(0.05, True, _SAME + "; activations are rounded on the fly"),
    "int16x8": Tolerance(0.01, True, _SAME),
    "int8": Tolerance(
        0.1,
        True,
        _SAME + " (x86 beside ARM64: convolutions to the bit, four transformer layers by 0.03, "
        "where softmax and gelu fall on the other side of a step); plus one step of the output",
    ),
}
"""How far one file may be from itself on another machine: nothing is lost in conversion there."""


def precision_of(tflite: TFLiteModel) -> str:
    """Say in which precision a file computes, in its graph and in the bodies of its loops.

    It is the coarsest that occurs.

    Returns:
        A key of `TOLERANCES`. Integer activations make a model `"int8"` or `"int16x8"`; int8
        weights between float activations `"dynamic"`, int4 ones `"int4"`; float16 weights
        `"float16"`.
    """
    made = (tensor for op in tflite.all_ops for tensor in tflite.written_by(op))
    activations = {tensor.dtype for tensor in made if tensor.quantized}
    constants = [tensor for tensor in tflite.all_tensors if tensor.is_constant]
    weights = {tensor.dtype for tensor in constants if tensor.size > 1}
    if "int8" in activations or "uint8" in activations:
        return "int8"
    if "int16" in activations:
        return "int16x8"
    stored = {tensor.dtype for tensor in constants if tensor.quantized}
    if "int4" in stored:
        return "int4"
    if "int8" in stored:
        return "dynamic"
    return "float16" if "float16" in weights else "float32"
