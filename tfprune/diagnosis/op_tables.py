"""What XNNPACK's delegate wants of an op's tensors, by the name of the op.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc, the `Visit...Node` functions. The line
of each is that of LiteRT f674577 (August 2026); what an op's attributes must be stands in
`attributes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

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


def _unary() -> Iterator[tuple[str, Takes]]:
    source = "VisitUnaryNode, line 4588"
    functions = "ABS CEIL COS EXP FLOOR GELU HARD_SWISH LOG NEG RELU_N1_TO_1 RELU RELU6 ROUND RSQRT"
    for name in (*functions.split(), "SIN", "SQRT", "SQUARE"):
        yield name, Takes(source=source, reads=FLOAT, writes=FLOAT)
    yield "DEQUANTIZE", Takes(source=source, reads=BYTE, writes=FLOAT)
    yield "ELU", Takes(source=source, reads=FLOAT | {"int8"}, writes=FLOAT | {"int8"})
    for name in ("LOGISTIC", "TANH", "LEAKY_RELU", "QUANTIZE"):
        yield name, Takes(source=source, reads=_EITHER, writes=_EITHER)


def _binary() -> Iterator[tuple[str, Takes]]:
    source = "VisitBinaryNode, line 4389"
    for name in ("ADD", "MUL", "SUB"):
        yield name, Takes(source=source, reads=_EITHER, writes=_EITHER, inputs=(2, 2), alike=True)
    for name in ("DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE"):
        yield name, Takes(source=source, reads=FLOAT, writes=FLOAT, inputs=(2, 2))
    yield "PRELU", Takes(source=source, reads=FLOAT, writes=FLOAT, inputs=(2, 2), weights=(1,))


def _reductions() -> Iterator[tuple[str, Takes]]:
    for name in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"):
        source = "VisitReduceNode, line 5303"
        size = (2, 2)
        yield (
            name,
            Takes(
                source=source,
                reads=_EITHER,
                writes=_EITHER,
                inputs=size,
                ranks=UNASKED,
                parameters={1: _INT32},
            ),
        )


def _weighted() -> Iterator[tuple[str, Takes]]:
    image = (4, 4)
    for name, line in (("Conv2D", 3983), ("DepthwiseConv2D", 4206)):
        source = f"Visit{name}Node, line {line}"
        key = "CONV_2D" if name == "Conv2D" else "DEPTHWISE_CONV_2D"
        yield (
            key,
            Takes(
                source=source,
                reads=_EITHER,
                writes=_EITHER,
                inputs=(3, 3),
                ranks=image,
                weights=(1, 2),
                alike=True,
            ),
        )
    source = "VisitFullyConnectedNode, line 4933"
    yield (
        "FULLY_CONNECTED",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=(2, 3),
            ranks=UNASKED,
            weights=(1, 2),
            alike=True,
        ),
    )
    source = "VisitTransposeConvNode, line 6838"
    yield (
        "TRANSPOSE_CONV",
        Takes(
            source=source,
            reads=_WIDE,
            writes=_WIDE,
            inputs=(3, 4),
            ranks=image,
            parameters={0: _INT32},
            weights=(1, 3),
        ),
    )


def _moving() -> Iterator[tuple[str, Takes]]:
    pair, some = (2, 2), (1, MOST_DIMENSIONS)
    source = "VisitPadNode, line 5614"
    yield (
        "PAD",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=pair,
            ranks=some,
            parameters={1: _INT32},
        ),
    )
    source = "VisitReshapeNode, line 5743"
    yield (
        "RESHAPE",
        Takes(source=source, reads=_EITHER, writes=_EITHER, inputs=(1, 2), parameters={1: _INT32}),
    )
    source = "VisitSliceNode, line 5929"
    both = {1: _INDEX, 2: _INDEX}
    yield (
        "SLICE",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=(3, 3),
            ranks=UNASKED,
            parameters=both,
        ),
    )
    source = "VisitStridedSliceNode, line 6245"
    places = {1: _INT32, 2: _INT32, 3: _INT32}
    yield (
        "STRIDED_SLICE",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=(4, 4),
            ranks=UNASKED,
            parameters=places,
        ),
    )
    source = "VisitSplitNode, line 6129"
    where = {0: _INT32}
    yield (
        "SPLIT",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=pair,
            outputs=(2, 4),
            ranks=UNASKED,
            parameters=where,
        ),
    )
    source = "VisitTransposeNode, line 6189"
    yield (
        "TRANSPOSE",
        Takes(
            source=source,
            reads=_EITHER,
            writes=_EITHER,
            inputs=pair,
            ranks=some,
            parameters={1: _ANY},
        ),
    )
    source = "VisitConcatenationNode, line 3897"
    yield (
        "CONCATENATION",
        Takes(source=source, reads=_EITHER, writes=_EITHER, inputs=(2, 5), ranks=UNASKED),
    )


def _images() -> Iterator[tuple[str, Takes]]:
    yield (
        "AVERAGE_POOL_2D",
        Takes(source="VisitAveragePool2DNode, line 3506", reads=FLOAT, writes=FLOAT),
    )
    yield "MAX_POOL_2D", Takes(source="VisitMaxPool2DNode, line 5234", reads=_WIDE, writes=_EITHER)
    yield (
        "DEPTH_TO_SPACE",
        Takes(source="VisitDepthToSpaceNode, line 4342", reads=_EITHER, writes=_EITHER),
    )
    yield (
        "SPACE_TO_DEPTH",
        Takes(source="VisitSpaceToDepthNode, line 6064", reads=_WIDE, writes=_EITHER),
    )
    source = "VisitResizeBilinearNode, line 5850"
    size = {1: _INT32}
    yield (
        "RESIZE_BILINEAR",
        Takes(
            source=source, reads=_WIDE, writes=_EITHER, inputs=(2, 2), ranks=(4, 4), parameters=size
        ),
    )


def _others() -> Iterator[tuple[str, Takes]]:
    yield (
        "SOFTMAX",
        Takes(source="VisitSoftmaxNode, line 6022", reads=FLOAT, writes=FLOAT, ranks=UNASKED),
    )
    source = "VisitBatchMatMulNode, line 3576"
    yield (
        "BATCH_MATMUL",
        Takes(source=source, reads=_EITHER, writes=_EITHER, inputs=(2, 2), ranks=UNASKED),
    )


TAKEN = dict(
    (*_unary(), *_binary(), *_reductions(), *_weighted(), *_moving(), *_images(), *_others())
)
"""The builtin ops that XNNPACK may take; those on variables stand in `variables`."""

CUSTOM = {
    "Convolution2DTransposeBias": Takes(
        source="VisitMediaPipeDeconvolutionNode, line 5378",
        reads=_FLOAT32,
        writes=_FLOAT32,
        inputs=(3, 3),
        ranks=(4, 4),
        weights=(1, 2),
    ),
    "MaxPoolingWithArgmax2D": Takes(
        source="VisitMediaPipeMaxPoolingNode, line 5492",
        reads=_FLOAT32,
        writes=_ANY | _FLOAT32,
        inputs=(1, 1),
        outputs=(2, 2),
        ranks=(4, 4),
    ),
    "MaxUnpooling2D": Takes(
        source="VisitMediaPipeUnpoolingNode, line 5551",
        reads=_ANY | _FLOAT32,
        writes=_FLOAT32,
        inputs=(2, 2),
        ranks=(4, 4),
    ),
    "odml.scaled_dot_product_attention": Takes(
        source="VisitScaledDotAttentionCompositeNode, line 6387",
        reads=_FLOAT32,
        writes=_FLOAT32,
        inputs=(3, 4),
    ),
}
"""The custom ops, MediaPipe's and one of ODML, that XNNPACK may take."""


def hidden(name: str) -> set[int]:
    """Return the places of the inputs of a builtin op that are no data: parameters, weights."""
    takes = TAKEN.get(name)
    return set() if takes is None else {*takes.parameters, *takes.weights}
