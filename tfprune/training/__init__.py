"""Training by other means than `fit` alone: from a teacher, through LoRA weights."""

from tfprune.training.distilled import Distilled
from tfprune.training.lora import merge_lora

__all__ = ["Distilled", "merge_lora"]
