"""Time .tflite files: warm-up, interleaved rounds, medians with their spread."""

from __future__ import annotations

from tfprune.bench.benchmark import benchmark
from tfprune.bench.host import describe_host
from tfprune.bench.instructions import InstructionResult, InstructionRow, count_instructions
from tfprune.bench.result import BenchmarkResult, BenchmarkRow

__all__ = [
    "BenchmarkResult",
    "BenchmarkRow",
    "InstructionResult",
    "InstructionRow",
    "benchmark",
    "count_instructions",
    "describe_host",
]
