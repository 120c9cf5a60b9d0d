"""Which TensorFlow Lite release knows which version of an op.

Source: LiteRT tflite/converter/tools/versioning/runtime_version.cc.
"""

from __future__ import annotations

OLDEST = "2.8.0"
"""What any op needs that is not in `FIRST_RUNTIME`: TensorFlow Lite of early 2022, or older."""

FIRST_RUNTIME = {
    "ADD": {5: "2.13.0"},
    "ARG_MAX": {3: "2.9.0"},
    "ARG_MIN": {3: "2.9.0"},
    "ATAN2": {1: "2.10.0"},
    "ABS": {5: "2.12.0"},
    "BATCH_TO_SPACE_ND": {4: "2.12.0"},
    "BITCAST": {1: "2.13.0"},
    "BROADCAST_TO": {4: "2.23.0"},
    "CAST": {4: "2.9.0", 5: "2.12.0", 6: "2.15.0", 7: "2.17.0"},
    "CONCATENATION": {4: "2.14.0"},
    "CONV_2D": {6: "2.9.0", 7: "2.11.0", 8: "2.15.0"},
    "DEPTHWISE_CONV_2D": {7: "2.11.0"},
    "DEQUANTIZE": {6: "2.18.0"},
    "DILATE": {1: "2.15.0"},
    "DYNAMIC_UPDATE_SLICE": {1: "2.9.0", 2: "2.17.0", 3: "2.19.0"},
    "EMBEDDING_LOOKUP": {4: "2.18.0"},
    "EQUAL": {4: "2.13.0"},
    "EXP": {2: "2.12.0"},
    "FILL": {4: "2.12.0"},
    "FLOOR_DIV": {3: "2.13.0"},
    "FLOOR_MOD": {2: "2.13.0"},
    "FULLY_CONNECTED": {10: "2.11.0", 11: "2.15.0", 12: "2.17.0", 13: "2.18.0"},
    "GATHER": {6: "2.13.0", 7: "2.15.0"},
    "GATHER_ND": {4: "2.13.0", 5: "2.16.0"},
    "GELU": {1: "2.9.0"},
    "GREATER_EQUAL": {3: "2.13.0"},
    "LESS": {3: "2.13.0"},
    "LOG": {2: "2.15.0"},
    "MIRROR_PAD": {3: "2.12.0"},
    "MUL": {6: "2.11.0", 7: "2.13.0"},
    "PACK": {4: "2.13.0"},
    "RANGE": {2: "2.14.0"},
    "REDUCE_WINDOW": {1: "2.15.0"},
    "RSQRT": {3: "2.15.0"},
    "SELECT": {3: "2.12.0"},
    "SELECT_V2": {2: "2.12.0"},
    "SIGN": {1: "2.11.0", 2: "2.12.0"},
    "SLICE": {6: "2.14.0"},
    "SPACE_TO_BATCH_ND": {4: "2.12.0"},
    "STABLEHLO_COMPOSITE": {1: "2.17.0"},
    "STRIDED_SLICE": {7: "2.14.0"},
    "TOPK_V2": {3: "2.13.0"},
    "TRANSPOSE": {6: "2.12.0", 7: "2.14.4"},
    "TRANSPOSE_CONV": {4: "2.13.0", 5: "2.15.0"},
    "UNIDIRECTIONAL_SEQUENCE_LSTM": {4: "2.12.0"},
}
"""The TensorFlow Lite release that first knew a version of an op (rule `runtime`)."""
