"""Which layer loses most in int8: each is quantized alone, in a real file that is really run."""

from tfprune.ablation.errors import quantization_errors
from tfprune.ablation.result import KeptFloat, LayerError, QuantizationErrors

__all__ = ["KeptFloat", "LayerError", "QuantizationErrors", "quantization_errors"]
