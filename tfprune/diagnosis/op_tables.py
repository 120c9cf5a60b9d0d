"""What XNNPACK's delegate wants of an op's tensors, by the name of the op.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc, the `Visit...Node` functions. The line
of each is that of LiteRT f674577 (August 2026); what an op's attributes must be stands in
`attributes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FLOAT = frozenset({"float32", "float16"})
BYTE = frozenset({"int8", "uint8"})
MOST_DIMENSIONS = 6  # XNN_MAX_TENSOR_DIMS
UNASKED = (0, 99)  # the delegate does not ask; with more dimensions than XNNPACK has it fails

_FLOAT32 = frozenset({"float32"})
_EITHER = FLOAT | BYTE
_WIDE = _FLOAT32 | BYTE
_INT32 = frozenset({"int32"})
_INDEX = frozenset({"int32", "int64"})
_ANY = frozenset({"int32", "int64", "int16", "int8", "uint8"})


@dataclass(frozen=True, kw_only=True)
class Takes:
    """What the delegate wants of an op's tensors.

    Args:
        source: The function that says so, with its line.
        reads: The types of the data that it reads.
        writes: The types of what it writes.
        inputs: The least and the largest number of inputs.
        outputs: The same of outputs.
        ranks: The least and the largest number of dimensions of the data.
        parameters: Inputs that must be constants, such as axes and paddings, with their types; to
            XNNPACK they are no values.
        weights: Inputs that must be constants, or unpacked from constants when the file loads.
        alike: Whether all data must have one type.
    """

    source: str
    reads: frozenset[str]
    writes: frozenset[str]
    inputs: tuple[int, int] = (1, 1)
    outputs: tuple[int, int] = (1, 1)
    ranks: tuple[int, int] = (0, MOST_DIMENSIONS)
    parameters: Mapping[int, frozenset[str]] = field(default_factory=dict)
    weights: tuple[int, ...] = ()
    alike: bool = False

    def data(self, inputs: tuple[int, ...]) -> tuple[int, ...]:
        """Return the inputs that carry data, without weights and parameters."""
        hidden = {*self.parameters, *self.weights}
        return tuple(i for place, i in enumerate(inputs) if i >= 0 and place not in hidden)


def _takes(
    visit: str, line: int, reads: frozenset[str], writes: frozenset[str] | None = None, **rest: Any
) -> Takes:
    """Return what a `Visit...Node` function asks; types that are written as they are read once."""
    source = f"Visit{visit}Node, line {line}"
    return Takes(source=source, reads=reads, writes=reads if writes is None else writes, **rest)


_FUNCTIONS = (
    "ABS CEIL COS EXP FLOOR GELU HARD_SWISH LOG NEG RELU_N1_TO_1 RELU RELU6 ROUND RSQRT SIN SQRT "
    "SQUARE"
)
_PAIR, _IMAGE, _SOME = (2, 2), (4, 4), (1, MOST_DIMENSIONS)
_AXES = {1: _INT32}
_CONVOLUTION: dict[str, Any] = {
    "inputs": (3, 3),
    "ranks": _IMAGE,
    "weights": (1, 2),
    "alike": True,
}

TAKEN = {
    **dict.fromkeys(_FUNCTIONS.split(), _takes("Unary", 4588, FLOAT)),
    "DEQUANTIZE": _takes("Unary", 4588, BYTE, FLOAT),
    "ELU": _takes("Unary", 4588, FLOAT | {"int8"}),
    **dict.fromkeys(("LOGISTIC", "TANH", "LEAKY_RELU", "QUANTIZE"), _takes("Unary", 4588, _EITHER)),
    **dict.fromkeys(
        ("ADD", "MUL", "SUB"), _takes("Binary", 4389, _EITHER, inputs=_PAIR, alike=True)
    ),
    **dict.fromkeys(
        ("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"),
        _takes("Binary", 4389, FLOAT, inputs=_PAIR),
    ),
    "PRELU": _takes("Binary", 4389, FLOAT, inputs=_PAIR, weights=(1,)),
    **dict.fromkeys(
        ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"),
        _takes("Reduce", 5303, _EITHER, inputs=_PAIR, ranks=UNASKED, parameters=_AXES),
    ),
    "CONV_2D": _takes("Conv2D", 3983, _EITHER, **_CONVOLUTION),
    "DEPTHWISE_CONV_2D": _takes("DepthwiseConv2D", 4206, _EITHER, **_CONVOLUTION),
    "FULLY_CONNECTED": _takes(
        "FullyConnected", 4933, _EITHER, inputs=(2, 3), ranks=UNASKED, weights=(1, 2), alike=True
    ),
    "TRANSPOSE_CONV": _takes(
        "TransposeConv",
        6838,
        _WIDE,
        inputs=(3, 4),
        ranks=_IMAGE,
        parameters={0: _INT32},
        weights=(1, 3),
    ),
    "PAD": _takes("Pad", 5614, _EITHER, inputs=_PAIR, ranks=_SOME, parameters=_AXES),
    "RESHAPE": _takes("Reshape", 5743, _EITHER, inputs=(1, 2), parameters=_AXES),
    "SLICE": _takes(
        "Slice", 5929, _EITHER, inputs=(3, 3), ranks=UNASKED, parameters={1: _INDEX, 2: _INDEX}
    ),
    "STRIDED_SLICE": _takes(
        "StridedSlice",
        6245,
        _EITHER,
        inputs=(4, 4),
        ranks=UNASKED,
        parameters=dict.fromkeys((1, 2, 3), _INT32),
    ),
    "SPLIT": _takes(
        "Split",
        6129,
        _EITHER,
        inputs=_PAIR,
        outputs=(2, 4),
        ranks=UNASKED,
        parameters={0: _INT32},
    ),
    "TRANSPOSE": _takes(
        "Transpose", 6189, _EITHER, inputs=_PAIR, ranks=_SOME, parameters={1: _ANY}
    ),
    "CONCATENATION": _takes("Concatenation", 3897, _EITHER, inputs=(2, 5), ranks=UNASKED),
    "AVERAGE_POOL_2D": _takes("AveragePool2D", 3506, FLOAT),
    "MAX_POOL_2D": _takes("MaxPool2D", 5234, _WIDE, _EITHER),
    "DEPTH_TO_SPACE": _takes("DepthToSpace", 4342, _EITHER),
    "SPACE_TO_DEPTH": _takes("SpaceToDepth", 6064, _WIDE, _EITHER),
    "RESIZE_BILINEAR": _takes(
        "ResizeBilinear", 5850, _WIDE, _EITHER, inputs=_PAIR, ranks=_IMAGE, parameters=_AXES
    ),
    "SOFTMAX": _takes("Softmax", 6022, FLOAT, ranks=UNASKED),
    "BATCH_MATMUL": _takes("BatchMatMul", 3576, _EITHER, inputs=_PAIR, ranks=UNASKED),
}
"""The builtin ops that XNNPACK may take; those on variables stand in `variables`."""

CUSTOM = {
    "Convolution2DTransposeBias": _takes(
        "MediaPipeDeconvolution", 5378, _FLOAT32, inputs=(3, 3), ranks=_IMAGE, weights=(1, 2)
    ),
    "MaxPoolingWithArgmax2D": _takes(
        "MediaPipeMaxPooling", 5492, _FLOAT32, _ANY | _FLOAT32, outputs=_PAIR, ranks=_IMAGE
    ),
    "MaxUnpooling2D": _takes(
        "MediaPipeUnpooling", 5551, _ANY | _FLOAT32, _FLOAT32, inputs=_PAIR, ranks=_IMAGE
    ),
    "odml.scaled_dot_product_attention": _takes(
        "ScaledDotAttentionComposite", 6387, _FLOAT32, inputs=(3, 4)
    ),
}
"""The custom ops, MediaPipe's and one of ODML, that XNNPACK may take."""


def hidden(name: str) -> set[int]:
    """Return the places of the inputs of a builtin op that are no data: parameters, weights."""
    takes = TAKEN.get(name)
    return set() if takes is None else {*takes.parameters, *takes.weights}
