"""Run .tflite files in a child process, isolated from the program that asks."""

from __future__ import annotations

from tfprune.runners.open_sizes import OPEN_SIZES, Inputs, inputs_for
from tfprune.runners.profile import OpTime, Profile
from tfprune.runners.runner import Runner
from tfprune.runners.tensors import TensorSpec, dequantize, quantize

__all__ = [
    "OPEN_SIZES",
    "Inputs",
    "OpTime",
    "Profile",
    "Runner",
    "TensorSpec",
    "dequantize",
    "inputs_for",
    "quantize",
]
