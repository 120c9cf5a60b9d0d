"""Quantization-aware training: a model that computes in training as its int8 file will."""

from tfprune.quantization.arithmetic import Arithmetic
from tfprune.quantization.fake_quantize import FakeQuantize
from tfprune.quantization.quantize import quantize_model
from tfprune.quantization.wrapper import Quantized

__all__ = ["Arithmetic", "FakeQuantize", "Quantized", "quantize_model"]
