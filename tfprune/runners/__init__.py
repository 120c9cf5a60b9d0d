"""Run .tflite files in a child process, isolated from the program that asks."""

from __future__ import annotations

from tfprune.runners.profile import OpTime, Profile
from tfprune.runners.runner import Runner
from tfprune.runners.tensors import TensorSpec, dequantize, quantize

__all__ = ["OpTime", "Profile", "Runner", "TensorSpec", "dequantize", "quantize"]
