"""Time .tflite files on an Android phone through adb, and check what they compute there."""

from __future__ import annotations

from tfprune.android.benchmark import benchmark_android
from tfprune.android.result import OutputCheck, PhoneResult, PhoneRow

__all__ = ["OutputCheck", "PhoneResult", "PhoneRow", "benchmark_android"]
