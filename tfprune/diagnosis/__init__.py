"""The doctor: which kernels will run a .tflite file, and whether they compute rightly."""

from tfprune.diagnosis.diagnosing import diagnose
from tfprune.diagnosis.records import TARGETS, Diagnosis, Finding, OpKernels, Verdict

__all__ = ["TARGETS", "Diagnosis", "Finding", "OpKernels", "Verdict", "diagnose"]
