"""Facts about the runtimes of a .tflite file: what XNNPACK runs sparse, and what breaks it.

Every rule has a name, the sentence a user reads, and its source: a function in XNNPACK or LiteRT
that says so, or the measurement that showed it. "Measured" means run with ai-edge-litert's ARM64
build under emulation; nothing here was run on a phone.
"""

from __future__ import annotations

from dataclasses import dataclass

_NCHW = "XNNPACK src/subgraph.c, xnn_check_nchw_compatibility"
_REWRITE = "XNNPACK src/subgraph.c, xnn_subgraph_rewrite_for_nchw"
_DELEGATE = "LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc"


@dataclass(frozen=True)
class Rule:
    """One condition on a sparse .tflite file.

    Args:
        name: Its short name, unique.
        says: What must hold, and what happens otherwise.
        source: Where that is known from.
    """

    name: str
    says: str
    source: str


SPARSE_ZEROS = (2, 3)
"""A cluster runs sparse if more than this share of its 1x1 weights is zero (rule `zeros`)."""

INPUT_MULTIPLE = 32
"""Height and width of the input must be multiples of this (rule `input`)."""

DYNAMIC_MINIMUM = 1024
"""Dynamic-range quantization leaves kernels with fewer weights in float."""

SPARSE_RULES = {
    rule.name: rule
    for rule in (
        Rule(
            "quantization",
            "only float32 and float16 weights run sparse; XNNPACK runs int8 dense, and does not "
            "load it stored sparse in a Dense layer or a dynamic-range model",
            f"{_NCHW}, all_values_fp; measured: 'failed to delegate FULLY_CONNECTED'",
        ),
        Rule(
            "graph",
            "the file must hold one graph, one image input and a fixed batch of 1",
            "the only form that was measured",
        ),
        Rule(
            "input",
            "height and width must be multiples of 32; on odd feature maps the converter folds "
            "explicit padding back into 'same', which ends the sparse cluster early",
            "measured: size 112 computes wrong numbers on ARM64",
        ),
        Rule(
            "entry",
            "the stem must be ZeroPadding2D(1) and a Conv2D 3x3, stride 2, 'valid', on exactly "
            "3 channels, and there must be one such stem",
            _NCHW,
        ),
        Rule(
            "inside",
            "between stem and pooling only Conv2D 1x1 stride 1, DepthwiseConv2D 3x3 or 5x5 with "
            "symmetric padding, add or multiply of two feature maps, and activations may stand; "
            "anything else splits the cluster, which then computes wrong numbers on ARM64",
            f"{_NCHW}; measured: relative errors of 0.18 to 0.67",
        ),
        Rule(
            "exit",
            "the cluster must end in one GlobalAveragePooling2D(keepdims=False), followed by "
            "Dense layers only",
            f"{_REWRITE}; measured: any other end is wrong or fails to load",
        ),
        Rule(
            "zeros",
            "more than 2/3 of the weights of all 1x1 convolutions together must be zero",
            f"{_REWRITE}; measured: 66 % runs dense, 67 % sparse",
        ),
        Rule(
            "storage",
            "each stored weight costs an index of 1 or 2 bytes too: float32 kernels shrink above "
            "20 to 33 % zeros, int8 above 50 to 67 %, tiny ones never",
            "TensorFlow Lite schema.fbs, SparseIndexVector; both forms are built and measured",
        ),
        Rule(
            "densify",
            "a Dense kernel that happens to be zero in 1x4 blocks is stored without a DENSIFY "
            "op, and XNNPACK leaves that layer to the slow builtin kernel",
            f"{_DELEGATE}, case kTfLiteBuiltinFullyConnected, version 8",
        ),
        Rule(
            "no entry",
            "without a 3x3 stride-2 convolution on 3 channels no sparse cluster can begin: every "
            "CPU decodes the weights at load time and runs them dense; only the file is smaller",
            f"{_REWRITE}: each candidate node without an entry above it is marked incompatible; "
            f"{_DELEGATE}, case kTfLiteBuiltinDensify",
        ),
    )
}

UNARY_INSIDE = frozenset(
    {"RELU", "RELU6", "RELU_N1_TO_1", "HARD_SWISH", "LOGISTIC", "TANH", "LEAKY_RELU", "ELU", "GELU"}
)
"""Activations that XNNPACK computes inside a sparse cluster (rule `inside`)."""

AFTER_EXIT = frozenset({"FULLY_CONNECTED", "SOFTMAX", "LOGISTIC", "RELU", "RELU6", "TANH"})
"""Ops that may follow the pooling (rule `exit`)."""
