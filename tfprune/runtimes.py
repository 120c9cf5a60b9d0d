"""Facts about the runtimes of a .tflite file: what XNNPACK runs sparse, and what breaks it.

Every rule has a name, the sentence a user reads, the change that heeds it, and its source: a
function in XNNPACK or LiteRT that says so, or the measurement that showed it. "Measured" means run
with ai-edge-litert's ARM64 build under emulation; nothing here was run on a phone.
"""

from __future__ import annotations

from dataclasses import dataclass

_NCHW = "XNNPACK src/subgraph.c, xnn_check_nchw_compatibility"
_REWRITE = "XNNPACK src/subgraph.c, xnn_subgraph_rewrite_for_nchw"
_OPTIMIZE = "XNNPACK src/subgraph.c, xnn_subgraph_optimize"
_DELEGATE = "LiteRT tflite/delegates/xnnpack/xnnpack_delegate.cc"


@dataclass(frozen=True)
class RuntimeRule:
    """One condition on a .tflite file.

    Args:
        name: Its short name, unique.
        says: What must hold, and what happens otherwise.
        fix: The change that heeds it.
        source: Where that is known from.
    """

    name: str
    says: str
    fix: str
    source: str


SPARSE_ZEROS = (2, 3)
"""A cluster runs sparse if more than this share of its 1x1 weights is zero (rule `zeros`)."""

INPUT_MULTIPLE = 32
"""Height and width of the input should be multiples of this (rule `size`)."""

DYNAMIC_MINIMUM = 1024
"""Dynamic-range quantization leaves kernels with fewer weights in float."""

FP16_METADATA = b"accfp16"
"""The end of the metadata `reduced_precision_support` where XNNPACK may compute in float16.

`fp16accfp32`, which the converter writes for quantize="float16", does not allow it.
"""

SPARSE_RULES = {
    rule.name: rule
    for rule in (
        RuntimeRule(
            "stored dense",
            "XNNPACK looks for zeros only if a weight is stored sparse (behind a DENSIFY op); "
            "zeros in densely stored weights do nothing",
            "convert with tfprune.convert(model, path), which stores sparse what is safe",
            f"{_DELEGATE}, Subgraph::Create, has_sparse_weights",
        ),
        RuntimeRule(
            "x86",
            "XNNPACK has no sparse kernels for x86 with AVX: it runs dense there, whatever it "
            "does on a phone",
            "measure on ARM64",
            f"{_OPTIMIZE} and src/xnnpack/hardware-config.h, xnn_is_chw_compatible_config",
        ),
        RuntimeRule(
            "quantization",
            "only float32 and float16 weights run sparse; XNNPACK runs int8 dense",
            "choose: int8 (with channels removed by prune_structured), or sparse float16",
            f"{_NCHW}, all_values_fp",
        ),
        RuntimeRule(
            "entry",
            "the sparse part begins with a convolution 3x3, stride 2, padded by 1 on all sides, "
            "on exactly 3 channels",
            "begin with ZeroPadding2D(1) and Conv2D(n, 3, 2, padding='valid') on 3 channels",
            _NCHW,
        ),
        RuntimeRule(
            "padding",
            "3x3 kernels must be padded by 1 on all sides, 5x5 kernels by 2; at stride 2 Keras' "
            "'same' and ZeroPadding2D(((0, 1), (0, 1))) pad unevenly",
            "ZeroPadding2D(k // 2) and padding='valid' at stride 2: make_sparse_ready does it",
            _NCHW,
        ),
        RuntimeRule(
            "size",
            "on an odd feature map the converter folds padding by 1 and 'valid' back into 'same', "
            "which is uneven for XNNPACK; multiples of 32 stay even through five halvings",
            "use an input whose height and width are multiples of 32",
            f"{_NCHW}; measured: 112x112 computes wrong numbers on ARM64",
        ),
        RuntimeRule(
            "inside",
            "in the sparse part may stand: 1x1 convolutions at stride 1, depthwise 3x3 and 5x5, "
            "sum and product of two feature maps, functions of one value such as ReLU or silu, "
            "bilinear resizing, and squeeze-and-excite with GlobalAveragePooling2D(keepdims=True)",
            "replace or move the op that is named",
            _NCHW,
        ),
        RuntimeRule(
            "pointwise",
            "only 1x1 convolutions run sparse; the others of the sparse part run channels-first",
            "put 1x1 convolutions between the first convolution and the pooling",
            f"{_REWRITE}, num_nonzeroes and num_params",
        ),
        RuntimeRule(
            "exit",
            "the sparse part ends in GlobalAveragePooling2D(keepdims=False) or depth_to_space; "
            "what leaves it another way is computed wrongly",
            "end in GlobalAveragePooling2D() and Dense layers",
            f"{_REWRITE}; measured: relative errors of 0.01 to 1 on ARM64, right on x86 with AVX",
        ),
        RuntimeRule(
            "zeros",
            "more than 2/3 of the weights of all 1x1 convolutions of the sparse part together "
            "must be zero",
            "prune further: 75 % or more, all 1x1 convolutions alike",
            f"{_REWRITE}; measured: 66 % runs dense, 67 % sparse",
        ),
        RuntimeRule(
            "loading",
            "XNNPACK can't take int8 weights that are stored sparse in a Dense layer, nor in a "
            "layer that quantizes its input on the fly: the file does not load",
            "store the file dense: convert with sparse='auto'",
            f"{_DELEGATE}, VisitConv2DNode and VisitFullyConnectedNode, dynamically_quantized and "
            "supported_srq; measured: 'failed to delegate'",
        ),
        RuntimeRule(
            "select ops",
            "ops of TensorFlow run only where the app links the Select TF ops library; without "
            "it the file does not load",
            "replace them by ops that TensorFlow Lite has",
            "TensorFlow Lite's op resolver, tflite/core/interpreter_builder.cc",
        ),
        RuntimeRule(
            "swallowed",
            "float16 or int8 weights that are stored sparse and read by a builtin kernel are never "
            "unpacked: XNNPACK takes the op that unpacks them and does not run it, on any CPU",
            "store the file dense: convert with sparse='auto', or in float32",
            f"{_DELEGATE}, Delegate::PrepareOpsToDelegate, static_unpack_nodes_; measured: NaN on "
            "x86 and ARM64",
        ),
        RuntimeRule(
            "compressed",
            "only DENSIFY and the builtin FULLY_CONNECTED read what is stored sparse; in Dense "
            "kernels that are zero in 1x4 or 1x16 blocks the converter leaves DENSIFY out, and "
            "float16 weights, or int8 ones of version 12 which XNNPACK takes, are then read as if "
            "they were dense, on any CPU",
            "store the file dense: convert with sparse='auto'",
            "TensorFlow tensorflow/compiler/mlir/lite/transforms/dense_to_sparse_pass.cc; "
            f"{_DELEGATE}, VisitNode, case kTfLiteBuiltinFullyConnected; measured: NaN for "
            "float16, errors of 0.2 to 0.8 of the output and more for int8 in a loop",
        ),
        RuntimeRule(
            "custom op",
            "LiteRT brings kernels for five custom ops, and XNNPACK takes four more; any other "
            "one must come with the app, or the file does not load",
            "replace it by ops that TensorFlow Lite has, or register its kernel in the app and "
            "test there",
            "LiteRT tflite/core/kernels/register.cc, AddCustom; measured: 'Encountered unresolved "
            "custom op'",
        ),
        RuntimeRule(
            "no bias",
            "the builtin 2D convolution must have a bias, and XNNPACK takes none without one "
            "either: the file does not load",
            "give the convolution a bias of zeros, as TensorFlow's converter does",
            "LiteRT tflite/kernels/conv.cc, Prepare, has_bias; measured",
        ),
        RuntimeRule(
            "scale",
            "XNNPACK takes an op on 8-bit integers before it looks at their scales; one that is "
            "zero or denormal keeps the file from loading",
            "calibrate with data that reach every tensor, or keep that layer in float",
            f"{_DELEGATE}, CheckAffineQuantization; measured: 'unsupported scale value'",
        ),
        RuntimeRule(
            "dimensions",
            "XNNPACK takes some ops before it looks at their dimensions, of which it has six; "
            "with more the file does not load",
            "reshape to six dimensions before the op",
            f"{_DELEGATE}, VisitSoftmaxNode and others; measured: 'failed to delegate'",
        ),
        RuntimeRule(
            "int16 bias",
            "the builtin depthwise convolution on int16 wants an int64 bias, and the converter "
            "writes an int32 one when it stores weights sparse: the file does not load",
            "store the file dense: convert with sparse='auto'",
            "LiteRT tflite/kernels/depthwise_conv.cc, Prepare",
        ),
        RuntimeRule(
            "graph",
            "what XNNPACK does with this graph is not known",
            "store it dense: convert with sparse='auto'",
            "not measured",
        ),
        RuntimeRule(
            "native float16",
            "a file that asks for float16 arithmetic and stores weights sparse is rewritten twice",
            "use quantize='float16', which stores float16 and computes in float32",
            f"{_OPTIMIZE}; measured: some runtimes crash",
        ),
        RuntimeRule(
            "ynnpack",
            "a LiteRT built with YNNPACK (--define litert_enable_ynnpack=true, or XNNPACK's "
            "use_ynnpack) gives it the ops first, and it has no sparse kernels",
            "build the app's LiteRT without YNNPACK, as the published ones are",
            "LiteRT litert/c/options/litert_cpu_options.h, enable_ynnpack; not measured",
        ),
        RuntimeRule(
            "sme2",
            "on cores with SME2 (from about 2025) XNNPACK's dense float kernels use it, its sparse "
            "ones use NEON; which is faster there is not measured",
            "measure the dense and the sparse file on such a phone",
            "XNNPACK src/configs/gemm-config.c, pf32_gemm_config, and src/configs/spmm-config.c",
        ),
        RuntimeRule(
            "storage",
            "each stored weight costs an index of 1 or 2 bytes too: float32 kernels shrink above "
            "20 to 33 % zeros, int8 above 50 to 67 %, tiny ones never",
            "store it dense: convert with sparse='auto' keeps the smaller file",
            "TensorFlow Lite schema.fbs, SparseIndexVector; both forms are built and measured",
        ),
        RuntimeRule(
            "densify",
            "a Dense kernel that happens to be zero in 1x4 or 1x16 blocks is stored without a "
            "DENSIFY op, and XNNPACK leaves that layer to the slow builtin kernel",
            "prune Dense layers element by element, or in blocks of 2",
            f"{_DELEGATE}, VisitNode, case kTfLiteBuiltinFullyConnected, version 8",
        ),
        RuntimeRule(
            "builtin",
            "an op that XNNPACK does not take runs on a builtin kernel, in one thread, and data "
            "leaves and enters XNNPACK around it",
            "replace the op, or accept it where it is small",
            f"{_DELEGATE}, VisitNode",
        ),
        RuntimeRule(
            "float in int8",
            "an op without an integer form computes in float between two conversions",
            "replace it by a layer that has one, or keep it if it is small",
            "TensorFlow Lite quantization specification",
        ),
        RuntimeRule(
            "runtime",
            "a runtime must know the version of every op; the last tflite-runtime is 2.14.0, "
            "ai-edge-litert 1.0 knows what TensorFlow 2.17 knows",
            "ship LiteRT 1.0 or newer with the app",
            "LiteRT tflite/converter/tools/versioning/runtime_version.cc",
        ),
    )
}
