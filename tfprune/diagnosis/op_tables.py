"""What XNNPACK takes, by the name of the op.

Source: LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc, the `Visit...Node` functions.
"""

from __future__ import annotations

FLOAT = frozenset({"float32", "float16"})
BYTE = frozenset({"int8", "uint8"})

FLOAT_ONLY = frozenset(
    [
        "ABS",
        "CEIL",
        "COS",
        "EXP",
        "FLOOR",
        "GELU",
        "HARD_SWISH",
        "LOG",
        "NEG",
        "RELU",
        "RELU6",
        "RELU_N1_TO_1",
        "ROUND",
        "RSQRT",
        "SIN",
        "SQRT",
        "SQUARE",
        "DIV",
        "MAXIMUM",
        "MINIMUM",
        "PRELU",
        "SQUARED_DIFFERENCE",
        "SOFTMAX",
        "AVERAGE_POOL_2D",
    ]
)
FLOAT_OR_BYTE = frozenset(
    [
        "ADD",
        "MUL",
        "SUB",
        "LOGISTIC",
        "TANH",
        "LEAKY_RELU",
        "ELU",
        "QUANTIZE",
        "DEQUANTIZE",
        "MAX_POOL_2D",
        "CONCATENATION",
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "TRANSPOSE_CONV",
        "MEAN",
        "SUM",
        "REDUCE_MAX",
        "REDUCE_MIN",
        "PAD",
        "RESHAPE",
        "RESIZE_BILINEAR",
        "SLICE",
        "STRIDED_SLICE",
        "SPLIT",
        "SPACE_TO_DEPTH",
        "DEPTH_TO_SPACE",
        "TRANSPOSE",
        "BATCH_MATMUL",
    ]
)
PARAMETERS = {  # inputs that must be constants: paddings, axes, shapes
    "PAD": (1,),
    "MEAN": (1,),
    "SUM": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "SLICE": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SPLIT": (0,),
    "TRANSPOSE": (1,),
    "TRANSPOSE_CONV": (0, 1),
    "PRELU": (1,),
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
}
