"""Masks: weights that become zero while training, and stay zero after strip."""

from tfprune.keras_facts import PrunableLayer
from tfprune.masks.callbacks import PruningSummaries, UpdatePruningStep
from tfprune.masks.engine import MaskedKernel
from tfprune.masks.optimizer import PruningOptimizer
from tfprune.masks.prune import prune_low_magnitude
from tfprune.masks.strip import strip_pruning
from tfprune.masks.wrapper import PruneLowMagnitude, prune_scope

__all__ = [
    "MaskedKernel",
    "PrunableLayer",
    "PruneLowMagnitude",
    "PruningOptimizer",
    "PruningSummaries",
    "UpdatePruningStep",
    "prune_low_magnitude",
    "prune_scope",
    "strip_pruning",
]
