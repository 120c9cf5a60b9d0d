"""Zeros at once: chosen and made good for in one pass, without training."""

from tfprune.one_shot.pruning import prune_at_once, prune_once
from tfprune.one_shot.result import OnceRow, PrunedOnce

__all__ = ["OnceRow", "PrunedOnce", "prune_at_once", "prune_once"]
