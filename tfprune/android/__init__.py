"""Time .tflite files on an Android phone through adb, and check what they compute there."""

from __future__ import annotations

from tfprune.android.benchmark import benchmark_android
from tfprune.android.result import PhoneResult, PhoneRow

__all__ = ["PhoneResult", "PhoneRow", "benchmark_android"]
