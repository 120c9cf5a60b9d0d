"""The doctor: which kernels will run a .tflite file, and whether they compute rightly."""

from tfprune.diagnosis.sparse_rule import SparseVerdict, judge_encoded, judge_sparse

__all__ = ["SparseVerdict", "judge_encoded", "judge_sparse"]
