"""Training by other means than `fit` alone: from a teacher."""

from tfprune.training.distilled import Distilled

__all__ = ["Distilled"]
