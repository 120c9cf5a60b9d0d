"""Training by other means than `fit` alone: a teacher, LoRA weights, several processes."""

from tfprune.training.distilled import Distilled
from tfprune.training.lora import merge_lora
from tfprune.training.workers import BackupTogether, MultiWorkerStrategy

__all__ = ["BackupTogether", "Distilled", "MultiWorkerStrategy", "merge_lora"]
