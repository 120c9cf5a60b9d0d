"""Would a Keras model run sparse on ARM, once it is pruned? The doctor's rules, told by layer."""

from tfprune.readiness.judging import why_not_sparse
from tfprune.readiness.policy import PruneForLatencyOnXNNPack

__all__ = ["PruneForLatencyOnXNNPack", "why_not_sparse"]
