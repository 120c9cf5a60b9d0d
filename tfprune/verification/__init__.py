"""Does the .tflite file do what the Keras model does? Zeros and outputs, with a named culprit."""

from __future__ import annotations

from tfprune.checks import Check
from tfprune.verification.golden import GoldenSample, golden_sample
from tfprune.verification.golden_check import check_golden
from tfprune.verification.result import KernelCheck, VerifyResult
from tfprune.verification.verify import verify

__all__ = [
    "Check",
    "GoldenSample",
    "KernelCheck",
    "VerifyResult",
    "check_golden",
    "golden_sample",
    "verify",
]
